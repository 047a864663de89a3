// Geohashes, web-mercator tiles and an index of points by tile.
//
// Knows nothing of Python. Angles are degrees. Input that cannot be coded
// throws CodecError, trouble with files std::filesystem::filesystem_error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tilecodec {

class CodecError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// At this zoom a tile is about 4 cm wide, and its key still fits 60 bits.
inline constexpr int max_zoom = 30;
inline constexpr int max_precision = 12;

// Where the web-mercator square ends: atan(sinh(pi)).
inline constexpr double max_latitude = 85.05112877980659;

struct Point {
    double lat;
    double lon;
};

// A box with west > east crosses the antimeridian.
struct Bounds {
    double west;
    double south;
    double east;
    double north;

    bool contains(Point point) const noexcept;
};

// Throw unless every angle is finite and in range, and south <= north.
void check(Point point);
void check(const Bounds &bounds);

// --- geohashes --------------------------------------------------------------

std::string geohash_encode(Point point, int precision);
Bounds geohash_bounds(std::string_view geohash);
Point geohash_decode(std::string_view geohash); // the centre

// The adjacent cells by compass point ("n", "ne", ... clockwise). Beyond a pole
// there is none; around the antimeridian they wrap.
std::vector<std::pair<std::string, std::string>> geohash_neighbours(std::string_view geohash);

// --- tiles ------------------------------------------------------------------

// x counts from the antimeridian eastwards, y from the north, as in XYZ URLs.
class Tile {
public:
    Tile(int zoom, std::int64_t x, std::int64_t y);

    // The tile holding a point; latitudes beyond max_latitude fall into the
    // outermost row. A point on an edge belongs to the tile east or south of it.
    static Tile at(Point point, int zoom);
    static Tile from_quadkey(std::string_view quadkey);
    static Tile from_key(int zoom, std::uint64_t key);

    int zoom() const noexcept { return zoom_; }
    std::uint32_t x() const noexcept { return x_; }
    std::uint32_t y() const noexcept { return y_; }

    // The quadkey as a number of base 4, thus unique within a zoom only.
    std::uint64_t key() const noexcept;
    std::string quadkey() const;
    Bounds bounds() const;

    Tile parent() const;
    std::array<Tile, 4> children() const;
    // Row by row from the north west; up to 8, as there is none beyond a pole.
    std::vector<Tile> neighbours() const;

    friend bool operator==(const Tile &a, const Tile &b) noexcept {
        return a.zoom_ == b.zoom_ && a.x_ == b.x_ && a.y_ == b.y_;
    }

private:
    int zoom_;
    std::uint32_t x_;
    std::uint32_t y_;
};

// The columns and rows Tile::at gives for the points of a box.
class TileRange {
public:
    TileRange(const Bounds &bounds, int zoom);

    std::uint64_t size() const noexcept;
    bool contains(const Tile &tile) const noexcept;
    // Row by row from the north, each from the west edge of the box.
    std::vector<Tile> tiles() const;

private:
    int zoom_;
    std::uint32_t first_x_;
    std::uint32_t columns_; // counted eastwards from first_x_, around the world
    std::uint32_t first_y_;
    std::uint32_t last_y_;
};

// The tiles of a range; throws if they are more than max_tiles.
std::vector<Tile> cover(const Bounds &bounds, int zoom, std::uint64_t max_tiles);

// --- index ------------------------------------------------------------------

// Points with identifiers, filed under their tiles at one zoom. Callbacks may
// read the index but not change it, and may throw: the exception passes through
// and leaves the index as it was.
class TileIndex {
public:
    using Id = std::int64_t;
    struct Entry {
        Id id;
        Point point;
    };
    using TileFilter = std::function<bool(const Tile &)>;
    using Visitor = std::function<void(const Tile &, const std::vector<Id> &)>;
    using Predicate = std::function<bool(const Tile &, const std::vector<Id> &)>;
    using Source = std::function<std::optional<Entry>()>;

    explicit TileIndex(int zoom);

    int zoom() const noexcept { return zoom_; }
    std::size_t size() const noexcept { return size_; }
    std::vector<Tile> tiles() const; // in the order of their quadkeys
    bool contains(const Tile &tile) const;
    std::vector<Id> ids(const Tile &tile) const; // in the order of insertion

    // Identifiers need not be unique.
    Tile insert(const Entry &entry);
    // Inserts what `next` gives until it gives nothing: all of it, or none.
    void extend(const Source &next);

    // The sorted identifiers of the points within a box, edges included, asking
    // `accept` (which may be empty) once for each tile concerned.
    std::vector<Id> query(const Bounds &bounds, const TileFilter &accept) const;

    void visit(const Visitor &visitor) const;
    // Drops the tiles `predicate` refuses; returns how many there were.
    std::size_t retain(const Predicate &predicate);

    // Writes manifest.txt and entries.bin to a folder, made if need be. What was
    // saved there before is replaced only once the new data is written.
    void save(const std::filesystem::path &folder) const;
    static TileIndex load(const std::filesystem::path &folder);

private:
    class Reading;

    void check_unlocked() const;
    void file(std::uint64_t key, const Entry &entry);
    void unfile(std::uint64_t key) noexcept;
    std::vector<std::uint64_t> sorted_keys() const;

    int zoom_;
    std::size_t size_ = 0;
    std::unordered_map<std::uint64_t, std::vector<Entry>> cells_;
    mutable int readers_ = 0;
};

} // namespace tilecodec
