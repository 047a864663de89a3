#include "tilecodec.hpp"

#include <algorithm>
#include <cmath>

namespace tilecodec {

namespace {

constexpr double pi = 3.14159265358979323846;

void check_latitude(double lat) {
    // Written so that NaN fails too.
    if (!(lat >= -90 && lat <= 90)) {
        throw CodecError("latitude must be -90 to 90, got " + std::to_string(lat));
    }
}

void check_longitude(double lon) {
    if (!(lon >= -180 && lon <= 180)) {
        throw CodecError("longitude must be -180 to 180, got " + std::to_string(lon));
    }
}

void check_zoom(int zoom) {
    if (zoom < 0 || zoom > max_zoom) {
        throw CodecError("zoom must be 0 to " + std::to_string(max_zoom) + ", got " +
                         std::to_string(zoom));
    }
}

std::uint32_t span(int zoom) { return std::uint32_t{1} << zoom; }

std::uint32_t to_index(double fraction, int zoom) {
    const double last = span(zoom) - 1.0;
    return static_cast<std::uint32_t>(
        std::clamp(std::floor(std::ldexp(fraction, zoom)), 0.0, last));
}

std::uint32_t column_of(double lon, int zoom) { return to_index((lon + 180) / 360, zoom); }

std::uint32_t row_of(double lat, int zoom) {
    lat = std::clamp(lat, -max_latitude, max_latitude);
    return to_index(0.5 - std::asinh(std::tan(lat * pi / 180)) / (2 * pi), zoom);
}

double longitude_of(std::uint32_t x, int zoom) { return std::ldexp(x * 360.0, -zoom) - 180; }

double latitude_of(std::uint32_t y, int zoom) {
    return std::atan(std::sinh(pi * (1 - std::ldexp(2.0 * y, -zoom)))) * 180 / pi;
}

} // namespace

bool Bounds::contains(Point point) const noexcept {
    const bool between = west <= east ? west <= point.lon && point.lon <= east
                                      : west <= point.lon || point.lon <= east;
    return between && south <= point.lat && point.lat <= north;
}

void check(Point point) {
    check_latitude(point.lat);
    check_longitude(point.lon);
}

void check(const Bounds &bounds) {
    check_longitude(bounds.west);
    check_longitude(bounds.east);
    check_latitude(bounds.south);
    check_latitude(bounds.north);
    if (bounds.south > bounds.north) {
        throw CodecError("south must not be greater than north");
    }
}

Tile::Tile(int zoom, std::int64_t x, std::int64_t y) : zoom_(zoom) {
    check_zoom(zoom);
    const std::int64_t size = span(zoom);
    if (x < 0 || x >= size || y < 0 || y >= size) {
        throw CodecError("x and y must be 0 to " + std::to_string(size - 1) +
                         " at zoom " + std::to_string(zoom) + ", got " +
                         std::to_string(x) + " and " + std::to_string(y));
    }
    x_ = static_cast<std::uint32_t>(x);
    y_ = static_cast<std::uint32_t>(y);
}

Tile Tile::at(Point point, int zoom) {
    check(point);
    check_zoom(zoom);
    return {zoom, column_of(point.lon, zoom), row_of(point.lat, zoom)};
}

Tile Tile::from_quadkey(std::string_view quadkey) {
    if (quadkey.size() > static_cast<std::size_t>(max_zoom)) {
        throw CodecError("a quadkey has at most " + std::to_string(max_zoom) +
                         " digits, not " + std::to_string(quadkey.size()));
    }
    std::uint64_t key = 0;
    for (const char c : quadkey) {
        if (c < '0' || c > '3') {
            throw CodecError("a quadkey consists of the digits 0 to 3");
        }
        key = key << 2 | static_cast<std::uint64_t>(c - '0');
    }
    return from_key(static_cast<int>(quadkey.size()), key);
}

Tile Tile::from_key(int zoom, std::uint64_t key) {
    check_zoom(zoom);
    if (key >> (2 * zoom) != 0) {
        throw CodecError("a tile key is out of range for zoom " + std::to_string(zoom));
    }
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    for (int i = 0; i < zoom; ++i) {
        x |= static_cast<std::uint32_t>(key >> (2 * i) & 1) << i;
        y |= static_cast<std::uint32_t>(key >> (2 * i + 1) & 1) << i;
    }
    return {zoom, x, y};
}

std::uint64_t Tile::key() const noexcept {
    std::uint64_t key = 0;
    for (int i = 0; i < zoom_; ++i) {
        key |= static_cast<std::uint64_t>(x_ >> i & 1) << (2 * i);
        key |= static_cast<std::uint64_t>(y_ >> i & 1) << (2 * i + 1);
    }
    return key;
}

std::string Tile::quadkey() const {
    std::string quadkey(static_cast<std::size_t>(zoom_), '0');
    std::uint64_t rest = key();
    for (auto digit = quadkey.rbegin(); digit != quadkey.rend(); ++digit, rest >>= 2) {
        *digit = static_cast<char>('0' + (rest & 3));
    }
    return quadkey;
}

Bounds Tile::bounds() const {
    return {longitude_of(x_, zoom_), latitude_of(y_ + 1, zoom_),
            longitude_of(x_ + 1, zoom_), latitude_of(y_, zoom_)};
}

Tile Tile::parent() const {
    if (zoom_ == 0) {
        throw CodecError("the tile at zoom 0 has no parent");
    }
    return {zoom_ - 1, x_ / 2, y_ / 2};
}

std::array<Tile, 4> Tile::children() const {
    const std::int64_t x = std::int64_t{2} * x_;
    const std::int64_t y = std::int64_t{2} * y_;
    return {Tile(zoom_ + 1, x, y), Tile(zoom_ + 1, x + 1, y), Tile(zoom_ + 1, x, y + 1),
            Tile(zoom_ + 1, x + 1, y + 1)};
}

std::vector<Tile> Tile::neighbours() const {
    const std::int64_t size = span(zoom_);
    std::vector<Tile> found;
    for (std::int64_t y = std::int64_t{y_} - 1; y <= std::int64_t{y_} + 1; ++y) {
        if (y < 0 || y >= size) {
            continue;
        }
        for (std::int64_t x = std::int64_t{x_} - 1; x <= std::int64_t{x_} + 1; ++x) {
            const Tile tile(zoom_, (x + size) % size, y);
            // At zooms 0 and 1 the world is too small for distinct columns.
            const bool seen = std::find(found.begin(), found.end(), tile) != found.end();
            if (!(tile == *this) && !seen) {
                found.push_back(tile);
            }
        }
    }
    return found;
}

TileRange::TileRange(const Bounds &bounds, int zoom) : zoom_(zoom) {
    check(bounds);
    check_zoom(zoom);
    first_x_ = column_of(bounds.west, zoom);
    const std::uint32_t last_x = column_of(bounds.east, zoom);
    if (bounds.west <= bounds.east) {
        columns_ = last_x - first_x_ + 1;
    } else {
        // Both edges in one column means all around the world.
        columns_ = span(zoom) - (first_x_ > last_x ? first_x_ - last_x - 1 : 0);
    }
    first_y_ = row_of(bounds.north, zoom);
    last_y_ = row_of(bounds.south, zoom);
}

std::uint64_t TileRange::size() const noexcept {
    return std::uint64_t{columns_} * (last_y_ - first_y_ + 1);
}

bool TileRange::contains(const Tile &tile) const noexcept {
    // Unsigned wrapping, then the mask, give the distance eastwards.
    const std::uint32_t column = (tile.x() - first_x_) & (span(zoom_) - 1);
    return tile.zoom() == zoom_ && column < columns_ && first_y_ <= tile.y() &&
           tile.y() <= last_y_;
}

std::vector<Tile> TileRange::tiles() const {
    std::vector<Tile> tiles;
    tiles.reserve(static_cast<std::size_t>(size()));
    for (std::uint32_t y = first_y_; y <= last_y_; ++y) {
        for (std::uint32_t i = 0; i < columns_; ++i) {
            tiles.emplace_back(zoom_, (first_x_ + i) & (span(zoom_) - 1), y);
        }
    }
    return tiles;
}

std::vector<Tile> cover(const Bounds &bounds, int zoom, std::uint64_t max_tiles) {
    const TileRange range(bounds, zoom);
    if (range.size() > max_tiles) {
        throw CodecError("the box covers " + std::to_string(range.size()) +
                         " tiles, more than the " + std::to_string(max_tiles) +
                         " of max_tiles");
    }
    return range.tiles();
}

} // namespace tilecodec
