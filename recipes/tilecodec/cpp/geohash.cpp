#include "tilecodec.hpp"

#include <cmath>

namespace tilecodec {

namespace {

constexpr std::string_view alphabet = "0123456789bcdefghjkmnpqrstuvwxyz";

// A geohash taken apart: the row and column of its cell in a grid of
// 2^lat_bits by 2^lon_bits, counted from the south west.
struct Cell {
    int precision;
    std::uint32_t lat;
    std::uint32_t lon;

    // A character has 5 bits, taken alternately from longitude and latitude.
    int lat_bits() const { return precision * 5 / 2; }
    int lon_bits() const { return precision * 5 - lat_bits(); }
};

// Bisection, since unlike a division it never rounds: the edges are multiples
// of 45 / 2^28 and exact, hence so is the side a point on an edge falls on.
std::uint32_t bisect(double value, double low, double high, int bits) {
    std::uint32_t index = 0;
    for (int i = 0; i < bits; ++i) {
        const double mid = (low + high) / 2;
        const bool upper = value >= mid;
        (upper ? low : high) = mid;
        index = index << 1 | static_cast<std::uint32_t>(upper);
    }
    return index;
}

std::string to_geohash(const Cell &cell) {
    std::string geohash(static_cast<std::size_t>(cell.precision), '0');
    int lat = cell.lat_bits();
    int lon = cell.lon_bits();
    bool take_lon = true;
    for (char &c : geohash) {
        std::uint32_t digit = 0;
        for (int i = 0; i < 5; ++i) {
            const std::uint32_t bit = take_lon ? cell.lon >> --lon : cell.lat >> --lat;
            digit = digit << 1 | (bit & 1);
            take_lon = !take_lon;
        }
        c = alphabet[digit];
    }
    return geohash;
}

Cell to_cell(std::string_view geohash) {
    if (geohash.empty() || geohash.size() > static_cast<std::size_t>(max_precision)) {
        throw CodecError("a geohash has 1 to " + std::to_string(max_precision) +
                         " characters, not " + std::to_string(geohash.size()));
    }
    Cell cell{static_cast<int>(geohash.size()), 0, 0};
    bool take_lon = true;
    for (std::size_t position = 0; position < geohash.size(); ++position) {
        char c = geohash[position];
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) {
            throw CodecError("invalid character in geohash at position " +
                             std::to_string(position));
        }
        for (int i = 4; i >= 0; --i) {
            std::uint32_t &index = take_lon ? cell.lon : cell.lat;
            index = index << 1 | static_cast<std::uint32_t>(digit >> i & 1);
            take_lon = !take_lon;
        }
    }
    return cell;
}

} // namespace

std::string geohash_encode(Point point, int precision) {
    check(point);
    if (precision < 1 || precision > max_precision) {
        throw CodecError("precision must be 1 to " + std::to_string(max_precision) +
                         ", got " + std::to_string(precision));
    }
    Cell cell{precision, 0, 0};
    cell.lat = bisect(point.lat, -90, 90, cell.lat_bits());
    cell.lon = bisect(point.lon, -180, 180, cell.lon_bits());
    return to_geohash(cell);
}

Bounds geohash_bounds(std::string_view geohash) {
    const Cell cell = to_cell(geohash);
    const double height = std::ldexp(180.0, -cell.lat_bits());
    const double width = std::ldexp(360.0, -cell.lon_bits());
    return {cell.lon * width - 180, cell.lat * height - 90,
            (cell.lon + 1.0) * width - 180, (cell.lat + 1.0) * height - 90};
}

Point geohash_decode(std::string_view geohash) {
    const Bounds bounds = geohash_bounds(geohash);
    return {(bounds.south + bounds.north) / 2, (bounds.west + bounds.east) / 2};
}

std::vector<std::pair<std::string, std::string>> geohash_neighbours(std::string_view geohash) {
    struct Step {
        const char *name;
        int north;
        int east;
    };
    static constexpr Step steps[] = {{"n", 1, 0},   {"ne", 1, 1},   {"e", 0, 1},
                                     {"se", -1, 1}, {"s", -1, 0},   {"sw", -1, -1},
                                     {"w", 0, -1},  {"nw", 1, -1}};
    const Cell cell = to_cell(geohash);
    const std::int64_t rows = std::int64_t{1} << cell.lat_bits();
    const std::int64_t columns = std::int64_t{1} << cell.lon_bits();
    std::vector<std::pair<std::string, std::string>> neighbours;
    for (const Step &step : steps) {
        const std::int64_t row = cell.lat + std::int64_t{step.north};
        const std::int64_t column = cell.lon + std::int64_t{step.east};
        if (row >= 0 && row < rows) {
            const Cell next{cell.precision, static_cast<std::uint32_t>(row),
                            static_cast<std::uint32_t>((column + columns) % columns)};
            neighbours.emplace_back(step.name, to_geohash(next));
        }
    }
    return neighbours;
}

} // namespace tilecodec
