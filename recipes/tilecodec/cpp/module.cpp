#include "tilecodec.hpp"

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <tuple>

namespace py = pybind11;
using namespace tilecodec;

namespace {

using Box = std::tuple<double, double, double, double>;
using TileState = std::tuple<int, std::int64_t, std::int64_t>;

Bounds to_bounds(const Box &box) {
    const auto [west, south, east, north] = box;
    return {west, south, east, north};
}

Box to_box(const Bounds &bounds) {
    return {bounds.west, bounds.south, bounds.east, bounds.north};
}

// OSError picks its subclass (FileNotFoundError and so on) by the code.
void translate_os_error(std::exception_ptr pending) {
    try {
        if (pending) {
            std::rethrow_exception(pending);
        }
    } catch (const std::filesystem::filesystem_error &error) {
        const py::object arguments = py::reinterpret_steal<py::object>(
            Py_BuildValue("(isN)", error.code().value(), error.code().message().c_str(),
                          PyUnicode_DecodeFSDefault(error.path1().string().c_str())));
        if (arguments) {
            PyErr_SetObject(PyExc_OSError, arguments.ptr());
        }
    }
}

// pybind11 says RuntimeError where a callback's result is not a bool.
template <typename Call> auto with_bool_callback(const Call &call) {
    try {
        return call();
    } catch (const py::cast_error &) {
        throw py::type_error("the callback must return a bool");
    }
}

TileIndex::Source source_from(const py::iterable &points) {
    return [iterator = py::iter(points)]() -> std::optional<TileIndex::Entry> {
        const auto item = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()));
        if (!item) {
            if (PyErr_Occurred()) {
                throw py::error_already_set();
            }
            return std::nullopt;
        }
        try {
            const auto [id, lat, lon] = item.cast<std::tuple<TileIndex::Id, double, double>>();
            return TileIndex::Entry{id, {lat, lon}};
        } catch (const py::cast_error &) {
            throw py::type_error("points must be (id, lat, lon): a 64-bit integer and two numbers");
        }
    };
}

void bind_functions(py::module_ &m) {
    m.def(
        "geohash_encode",
        [](double lat, double lon, int precision) { return geohash_encode({lat, lon}, precision); },
        py::arg("lat"), py::arg("lon"), py::arg("precision") = 9,
        "The geohash of a point.\n\n"
        "lat, lon: degrees, -90 to 90 and -180 to 180.\n"
        "precision: number of characters, 1 to 12.\n\n"
        "Raises CodecError for a number out of range.");
    m.def(
        "geohash_decode",
        [](std::string_view geohash) {
            const Point point = geohash_decode(geohash);
            return std::make_tuple(point.lat, point.lon);
        },
        py::arg("geohash"),
        "The centre (lat, lon) of a geohash's cell, in degrees.\n\n"
        "Upper case is accepted. Raises CodecError unless there are 1 to 12\n"
        "characters, all of the geohash alphabet.");
    m.def(
        "geohash_bounds", [](std::string_view geohash) { return to_box(geohash_bounds(geohash)); },
        py::arg("geohash"),
        "The cell (west, south, east, north) of a geohash, in degrees.\n\n"
        "Raises CodecError as geohash_decode does.");
    m.def(
        "geohash_neighbours",
        [](std::string_view geohash) {
            py::dict neighbours;
            for (const auto &[direction, neighbour] : geohash_neighbours(geohash)) {
                neighbours[py::str(direction)] = neighbour;
            }
            return neighbours;
        },
        py::arg("geohash"),
        "The adjacent geohashes by direction: 'n', 'ne', ... clockwise.\n\n"
        "Directions beyond a pole are left out; east and west wrap around.\n"
        "Raises CodecError as geohash_decode does.");
    m.def(
        "tile_at", [](double lat, double lon, int zoom) { return Tile::at({lat, lon}, zoom); },
        py::arg("lat"), py::arg("lon"), py::arg("zoom"),
        "The tile holding a point given in degrees.\n\n"
        "A point on an edge belongs to the tile east or south of it. Latitudes\n"
        "beyond MAX_LATITUDE fall into the outermost row. Raises CodecError for a\n"
        "number out of range.");
    m.def(
        "cover",
        [](const Box &bounds, int zoom, std::uint64_t max_tiles) {
            return cover(to_bounds(bounds), zoom, max_tiles);
        },
        py::arg("bounds"), py::arg("zoom"), py::arg("max_tiles") = 1'000'000,
        "The tiles tile_at gives for the points of a box, edges included.\n\n"
        "bounds: (west, south, east, north) in degrees; west > east crosses the\n"
        "    antimeridian.\n\n"
        "Returns them row by row from the north, each from the west edge. Raises\n"
        "CodecError for a number out of range, or if they exceed max_tiles.");
}

void bind_tile(py::module_ &m) {
    py::class_<Tile>(m, "Tile", py::is_final(),
                     "A web-mercator tile; x counts from the antimeridian eastwards and y\n"
                     "from the north, both below 2**zoom. Immutable and hashable.")
        .def(py::init<int, std::int64_t, std::int64_t>(), py::arg("zoom"), py::arg("x"),
             py::arg("y"), "Raises CodecError for a number out of range.")
        .def_static("from_quadkey", &Tile::from_quadkey, py::arg("quadkey"),
                    "The tile of a quadkey; '' is the whole world.\n\n"
                    "Raises CodecError unless it is at most MAX_ZOOM digits 0 to 3.")
        .def_property_readonly("zoom", &Tile::zoom, "0, the whole world, to MAX_ZOOM.")
        .def_property_readonly("x", &Tile::x)
        .def_property_readonly("y", &Tile::y)
        .def_property_readonly("quadkey", &Tile::quadkey, "A digit 0 to 3 for each zoom level.")
        .def_property_readonly(
            "bounds", [](const Tile &tile) { return to_box(tile.bounds()); },
            "(west, south, east, north) in degrees.")
        .def("parent", &Tile::parent,
             "The tile of the zoom before. Raises CodecError at zoom 0.")
        .def("children", &Tile::children,
             "The 4 tiles of the next zoom, in the order of their quadkeys.\n\n"
             "Raises CodecError at MAX_ZOOM.")
        .def("neighbours", &Tile::neighbours,
             "The up to 8 adjacent tiles, row by row from the north west.\n\n"
             "There are none beyond a pole; east and west wrap around.")
        .def(
            "__eq__", [](const Tile &a, const Tile &b) { return a == b; }, py::is_operator())
        .def("__hash__",
             [](const Tile &tile) {
                 return py::hash(py::make_tuple(tile.zoom(), tile.x(), tile.y()));
             })
        .def("__repr__",
             [](const Tile &tile) {
                 return "Tile(zoom=" + std::to_string(tile.zoom()) +
                        ", x=" + std::to_string(tile.x()) + ", y=" + std::to_string(tile.y()) +
                        ")";
             })
        .def(py::pickle(
            [](const Tile &tile) { return TileState(tile.zoom(), tile.x(), tile.y()); },
            [](const TileState &state) { return std::make_from_tuple<Tile>(state); }));
}

void bind_index(py::module_ &m) {
    py::class_<TileIndex>(
        m, "TileIndex",
        "Points with integer identifiers, filed under their tiles at one zoom.\n\n"
        "An exception raised by a callback reaches the caller and leaves the index\n"
        "as it was. Callbacks may read the index; changing it raises RuntimeError.")
        .def(py::init<int>(), py::arg("zoom"),
             "Raises CodecError unless zoom is 0 to MAX_ZOOM.")
        .def_property_readonly("zoom", &TileIndex::zoom)
        .def_property_readonly("tiles", &TileIndex::tiles,
                               "The tiles with points, in the order of their quadkeys.")
        .def("__len__", &TileIndex::size, "The number of points.")
        .def("__contains__", &TileIndex::contains, py::arg("tile"),
             "Whether there are points in a tile.")
        .def("__repr__",
             [](const TileIndex &index) {
                 return "<TileIndex at zoom " + std::to_string(index.zoom()) + ": " +
                        std::to_string(index.size()) + " points in " +
                        std::to_string(index.tiles().size()) + " tiles>";
             })
        .def("ids", &TileIndex::ids, py::arg("tile"),
             "The identifiers of a tile's points, in the order of insertion.")
        .def(
            "insert",
            [](TileIndex &index, TileIndex::Id id, double lat, double lon) {
                return index.insert({id, {lat, lon}});
            },
            py::arg("id"), py::arg("lat"), py::arg("lon"),
            "Adds a point, in degrees, and returns its tile.\n\n"
            "id: any 64-bit integer; it need not be unique.\n\n"
            "Raises CodecError for an angle out of range.")
        .def(
            "extend",
            [](TileIndex &index, const py::iterable &points) { index.extend(source_from(points)); },
            py::arg("points"),
            "Adds all points of an iterable of (id, lat, lon), or on error none.\n\n"
            "Raises CodecError and TypeError as insert does.")
        .def(
            "query",
            [](const TileIndex &index, const Box &bounds, const TileIndex::TileFilter &accept) {
                return with_bool_callback([&] { return index.query(to_bounds(bounds), accept); });
            },
            py::arg("bounds"), py::arg("accept") = py::none(),
            "The sorted identifiers of the points in a box, edges included.\n\n"
            "bounds: (west, south, east, north) in degrees; west > east crosses the\n"
            "    antimeridian.\n"
            "accept: called with each tile that has points and meets the box; the\n"
            "    points of tiles it returns False for are left out.\n\n"
            "Raises CodecError for a number out of range.")
        .def(
            "visit",
            [](const TileIndex &index, const TileIndex::Visitor &callback) {
                try {
                    index.visit(callback);
                } catch (const py::error_already_set &error) {
                    if (!error.matches(PyExc_StopIteration)) {
                        throw;
                    }
                }
            },
            py::arg("callback").none(false),
            "Calls callback(tile, ids) for each tile, in the order of quadkeys.\n\n"
            "StopIteration raised by the callback ends the visit quietly.")
        .def(
            "retain",
            [](TileIndex &index, const TileIndex::Predicate &predicate) {
                return with_bool_callback([&] { return index.retain(predicate); });
            },
            py::arg("predicate").none(false),
            "Drops the tiles predicate(tile, ids) returns False for, with their points.\n\n"
            "Returns how many tiles were dropped.")
        .def("save", &TileIndex::save, py::arg("folder"),
             "Writes the index to a folder, made if need be. Raises OSError.")
        .def_static("load", &TileIndex::load, py::arg("folder"),
                    "Reads the index saved to a folder.\n\n"
                    "Raises OSError if a file cannot be read, CodecError if it is damaged.");
}

} // namespace

PYBIND11_MODULE(_core, m) {
    m.doc() = "Geohashes, web-mercator tiles and an index of points by tile.";

    py::register_local_exception_translator(translate_os_error);
    py::register_local_exception<CodecError>(m, "CodecError", PyExc_ValueError);
    py::object codec_error = m.attr("CodecError");
    codec_error.attr("__module__") = "tilecodec";
    codec_error.doc() = "Input that cannot be coded, or a saved index that is damaged.";

    m.attr("MAX_ZOOM") = max_zoom;
    m.attr("MAX_LATITUDE") = max_latitude;
    bind_functions(m);
    bind_tile(m);
    bind_index(m);
}
