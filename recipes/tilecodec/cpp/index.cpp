#include "tilecodec.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>

namespace tilecodec {

namespace fs = std::filesystem;

namespace {

constexpr const char *manifest_name = "manifest.txt";
constexpr const char *entries_name = "entries.bin";
constexpr const char *manifest_title = "tilecodec index 1";

static_assert(std::numeric_limits<double>::is_iec559 && sizeof(double) == 8);

// An entry is saved as identifier, latitude and longitude, 8 bytes each, least
// significant first. Tiles are not saved: where a point lies on an edge, another
// machine's mathematics may put it into the next one.
constexpr std::size_t entry_bytes = 24;

void append_word(std::string &data, std::uint64_t word) {
    for (int shift = 0; shift < 64; shift += 8) {
        data.push_back(static_cast<char>(word >> shift & 0xff));
    }
}

std::uint64_t word_at(const std::string &data, std::size_t position) {
    std::uint64_t word = 0;
    for (std::size_t i = 8; i-- > 0;) {
        word = word << 8 | static_cast<unsigned char>(data[position + i]);
    }
    return word;
}

std::uint64_t to_word(double value) {
    std::uint64_t word;
    std::memcpy(&word, &value, sizeof word);
    return word;
}

double to_double(std::uint64_t word) {
    double value;
    std::memcpy(&value, &word, sizeof value);
    return value;
}

// FNV-1a. It tells the two files of an interrupted save apart, no more.
std::uint64_t checksum_of(const std::string &data) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : data) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

[[noreturn]] void fail(const char *action, const fs::path &path) {
    // The standard does not promise that streams set errno.
    const int code = errno != 0 ? errno : EIO;
    throw fs::filesystem_error(action, path, std::error_code(code, std::generic_category()));
}

void write_file(const fs::path &path, const std::string &data) {
    errno = 0;
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream.write(data.data(), static_cast<std::streamsize>(data.size()));
    stream.close();
    if (!stream) {
        fail("cannot write", path);
    }
}

std::string read_file(const fs::path &path) {
    const std::uintmax_t size = fs::file_size(path);
    if (size > static_cast<std::uintmax_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
        throw CodecError(path.filename().string() + " is too large");
    }
    std::string data(static_cast<std::size_t>(size), '\0');
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream.read(data.data(), static_cast<std::streamsize>(data.size()))) {
        fail("cannot read", path);
    }
    return data;
}

struct Manifest {
    int zoom;
    std::uint64_t entries;
    std::uint64_t checksum;
};

std::string format_manifest(const Manifest &manifest) {
    std::ostringstream text;
    text << manifest_title << "\nzoom " << manifest.zoom << "\nentries " << manifest.entries
         << "\nchecksum " << std::hex << manifest.checksum << '\n';
    return text.str();
}

Manifest parse_manifest(const std::string &data) {
    std::istringstream text(data);
    std::string title;
    std::getline(text, title);
    if (title != manifest_title) {
        throw CodecError("manifest.txt is not that of a tilecodec index of version 1");
    }
    const auto value_of = [&text](const char *wanted) {
        std::string key;
        std::string value;
        text >> key >> value;
        return key == wanted ? value : std::string();
    };
    try {
        Manifest manifest{};
        manifest.zoom = std::stoi(value_of("zoom"));
        manifest.entries = std::stoull(value_of("entries"));
        manifest.checksum = std::stoull(value_of("checksum"), nullptr, 16);
        return manifest;
    } catch (const std::logic_error &) { // no number, or one out of range
        throw CodecError("manifest.txt is damaged");
    }
}

} // namespace

// Keeps the index from changing under a callback, which may call back into it.
class TileIndex::Reading {
public:
    explicit Reading(const TileIndex &index) : index_(index) { ++index_.readers_; }
    ~Reading() { --index_.readers_; }
    Reading(const Reading &) = delete;
    Reading &operator=(const Reading &) = delete;

private:
    const TileIndex &index_;
};

void TileIndex::check_unlocked() const {
    if (readers_ != 0) {
        throw std::logic_error("a TileIndex cannot change while its tiles are visited");
    }
}

TileIndex::TileIndex(int zoom) : zoom_(Tile(zoom, 0, 0).zoom()) {}

std::vector<std::uint64_t> TileIndex::sorted_keys() const {
    std::vector<std::uint64_t> keys;
    keys.reserve(cells_.size());
    for (const auto &[key, entries] : cells_) {
        keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

std::vector<Tile> TileIndex::tiles() const {
    std::vector<Tile> tiles;
    tiles.reserve(cells_.size());
    for (const std::uint64_t key : sorted_keys()) {
        tiles.push_back(Tile::from_key(zoom_, key));
    }
    return tiles;
}

bool TileIndex::contains(const Tile &tile) const {
    return tile.zoom() == zoom_ && cells_.count(tile.key()) != 0;
}

std::vector<TileIndex::Id> TileIndex::ids(const Tile &tile) const {
    std::vector<Id> ids;
    if (contains(tile)) {
        for (const Entry &entry : cells_.at(tile.key())) {
            ids.push_back(entry.id);
        }
    }
    return ids;
}

void TileIndex::file(std::uint64_t key, const Entry &entry) {
    const auto [cell, fresh] = cells_.try_emplace(key);
    try {
        cell->second.push_back(entry);
    } catch (...) {
        if (fresh) {
            cells_.erase(cell);
        }
        throw;
    }
    ++size_;
}

void TileIndex::unfile(std::uint64_t key) noexcept {
    const auto cell = cells_.find(key);
    cell->second.pop_back();
    if (cell->second.empty()) {
        cells_.erase(cell);
    }
    --size_;
}

Tile TileIndex::insert(const Entry &entry) {
    check_unlocked();
    const Tile tile = Tile::at(entry.point, zoom_);
    file(tile.key(), entry);
    return tile;
}

void TileIndex::extend(const Source &next) {
    // The source may run for long, fail, or use the index: take all of it first.
    std::vector<std::pair<std::uint64_t, Entry>> batch;
    while (const std::optional<Entry> entry = next()) {
        batch.emplace_back(Tile::at(entry->point, zoom_).key(), *entry);
    }
    check_unlocked();
    std::size_t filed = 0;
    try {
        for (; filed < batch.size(); ++filed) {
            file(batch[filed].first, batch[filed].second);
        }
    } catch (...) {
        while (filed-- > 0) {
            unfile(batch[filed].first);
        }
        throw;
    }
}

std::vector<TileIndex::Id> TileIndex::query(const Bounds &bounds, const TileFilter &accept) const {
    const TileRange range(bounds, zoom_);
    std::vector<std::uint64_t> keys;
    if (range.size() < cells_.size()) {
        for (const Tile &tile : range.tiles()) {
            if (contains(tile)) {
                keys.push_back(tile.key());
            }
        }
    } else {
        for (const auto &[key, entries] : cells_) {
            if (range.contains(Tile::from_key(zoom_, key))) {
                keys.push_back(key);
            }
        }
    }
    std::sort(keys.begin(), keys.end());

    const Reading reading(*this);
    std::vector<Id> ids;
    for (const std::uint64_t key : keys) {
        if (accept && !accept(Tile::from_key(zoom_, key))) {
            continue;
        }
        for (const Entry &entry : cells_.at(key)) {
            if (bounds.contains(entry.point)) {
                ids.push_back(entry.id);
            }
        }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

void TileIndex::visit(const Visitor &visitor) const {
    const Reading reading(*this);
    for (const Tile &tile : tiles()) {
        visitor(tile, ids(tile));
    }
}

std::size_t TileIndex::retain(const Predicate &predicate) {
    check_unlocked();
    std::vector<std::uint64_t> refused;
    {
        const Reading reading(*this);
        for (const Tile &tile : tiles()) {
            if (!predicate(tile, ids(tile))) {
                refused.push_back(tile.key());
            }
        }
    }
    for (const std::uint64_t key : refused) {
        const auto cell = cells_.find(key);
        size_ -= cell->second.size();
        cells_.erase(cell);
    }
    return refused.size();
}

void TileIndex::save(const fs::path &folder) const {
    std::string data;
    data.reserve(size_ * entry_bytes);
    for (const std::uint64_t key : sorted_keys()) {
        for (const Entry &entry : cells_.at(key)) {
            append_word(data, static_cast<std::uint64_t>(entry.id));
            append_word(data, to_word(entry.point.lat));
            append_word(data, to_word(entry.point.lon));
        }
    }
    const std::string manifest = format_manifest({zoom_, size_, checksum_of(data)});

    fs::create_directories(folder);
    const fs::path new_entries = folder / "entries.bin.new";
    const fs::path new_manifest = folder / "manifest.txt.new";
    try {
        write_file(new_entries, data);
        write_file(new_manifest, manifest);
        fs::rename(new_entries, folder / entries_name);
        fs::rename(new_manifest, folder / manifest_name);
    } catch (...) {
        std::error_code ignored; // the first error is the one to report
        fs::remove(new_entries, ignored);
        fs::remove(new_manifest, ignored);
        throw;
    }
}

TileIndex TileIndex::load(const fs::path &folder) {
    const Manifest manifest = parse_manifest(read_file(folder / manifest_name));
    const std::string data = read_file(folder / entries_name);
    if (data.size() % entry_bytes != 0 || data.size() / entry_bytes != manifest.entries ||
        checksum_of(data) != manifest.checksum) {
        throw CodecError("entries.bin does not match manifest.txt");
    }
    TileIndex index(manifest.zoom);
    for (std::size_t at = 0; at < data.size(); at += entry_bytes) {
        index.insert({static_cast<Id>(word_at(data, at)),
                      {to_double(word_at(data, at + 8)), to_double(word_at(data, at + 16))}});
    }
    return index;
}

} // namespace tilecodec
