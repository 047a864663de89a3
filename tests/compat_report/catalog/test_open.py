"""A whole catalogue: a real private index, a public one, the runtime and its kernels."""

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Served
from upstreams import Public, run_public
from wheels import make_wheel

from compat_report.catalog.model import Catalog, Origin, Provided, State
from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.errors import BadPolicy, SourceAway
from porter.errors import UsageError
from porter.home import Home
from porter.platform import Platform, read_platform

LINUX = "cp313-cp313-manylinux_2_17_x86_64"
W, B, M, U = State.WORKS, State.BROKEN, State.MISSING, State.UNKNOWN


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with run_public(tmp_path_factory.mktemp("public")) as running:
        put = running.wheels
        make_wheel(put, "plotly", "5.0", requires=["tenacity"])
        make_wheel(put, "tenacity", "8.0")
        make_wheel(put, "tensorflow", "2.0", tag=LINUX)
        make_wheel(put, "honest", "1.0")
        make_wheel(put, "false-name", "1.0", members={"other.py": b""})
        make_wheel(put, "linux-only", "1.0", tag=LINUX, members={"linux_only/a.so": b""})
        make_wheel(put, "linux-other", "1.0", tag=LINUX, members={"something.py": b""})
        make_wheel(put, "google-cloud-storage", "2.0")
        members = {"google/cloud/unheard/__init__.py": b""}
        make_wheel(put, "google-cloud-unheard", "1.0", members=members)
        # Anybody may register a private project's name in public.
        make_wheel(put, "acme-tools", "99.0")
        make_wheel(put, "acme-linux", "99.0")
        make_wheel(put, "emoji", "9.0")
        make_wheel(put, "utils", "1.0")
        for name in ("pyspark", "unheard"):
            (put / f"{name}-3.0.tar.gz").write_bytes(b"an sdist")
        yield running


@pytest.fixture
def asked(public: Public, env: dict[str, str]) -> dict[str, str]:
    public.be("up")
    public.forget()
    return {**env, "PIP_INDEX_URL": public.url}


@pytest.fixture
def both(
    private_index: Served, platform: Platform, catalog_home: Home, asked: dict[str, str]
) -> Iterator[OpenCatalog]:
    catalog = open_catalog(
        platform, index=private_index.url, public=True, home=catalog_home, env=asked
    )
    yield catalog
    catalog.close()


ANSWERS = {
    # The import: the prefix that decides, the state, where from, the project.
    "os.path": ("os", W, Origin.STDLIB, None),
    "tkinter.ttk": ("tkinter", M, Origin.STDLIB, None),
    "sqlite3.dbapi2": ("sqlite3", W, Origin.LOCK, "sqlite3"),
    "shelve": ("shelve", B, Origin.STDLIB, None),
    "numpy.linalg": ("numpy", W, Origin.LOCK, "numpy"),
    "cv2": ("cv2", W, Origin.LOCK, "opencv-python"),
    "google": ("google", W, Origin.LOCK, "protobuf"),
    "google.protobuf.message": ("google.protobuf", W, Origin.LOCK, "protobuf"),
    "google.cloud.storage": ("google.cloud.storage", W, Origin.PYPI, "google-cloud-storage"),
    "google.cloud.unheard.of": ("google.cloud.unheard", W, Origin.PYPI, "google-cloud-unheard"),
    "google.cloud.nothing": ("google.cloud.nothing", U, None, None),
    "acme_tools": ("acme_tools", W, Origin.INDEX, "acme-tools"),
    "acme_base.x": ("acme_base", W, Origin.INDEX, "acme-base"),
    "acme_space.inner": ("acme_space.inner", W, Origin.INDEX, "acme-space"),
    "acme_linux": ("acme_linux", M, Origin.INDEX, "acme-linux"),
    "emoji": ("emoji", U, None, None),
    "smile": ("smile", W, Origin.INDEX, "emoji"),
    "plotly.express": ("plotly", W, Origin.PYPI, "plotly"),
    "tensorflow.keras": ("tensorflow", M, Origin.PYPI, "tensorflow"),
    "torch": ("torch", M, None, "torch"),
    "pyspark": ("pyspark", M, Origin.PYPI, "pyspark"),
    "honest.sub": ("honest", W, Origin.PYPI, "honest"),
    "false_name": ("false_name", U, None, None),
    "linux_only": ("linux_only", M, Origin.PYPI, "linux-only"),
    "linux_other": ("linux_other", U, None, None),
    "unheard": ("unheard", U, Origin.PYPI, "unheard"),
    "utils.plots": ("utils", U, None, None),
    "scipy.stats.tests": ("scipy.stats.tests", W, Origin.LOCK, "scipy-tests"),
    "numpy.testing": ("numpy", W, Origin.LOCK, "numpy"),
    "nobody_has_this": ("nobody_has_this", U, None, None),
    "": ("", U, None, None),
    ".relative": (".relative", U, None, None),
    "a..b": ("a..b", U, None, None),
    "x" * 1000: ("x" * 1000, U, None, None),
    "größe": ("größe", U, None, None),
}


def shown(found: Provided) -> tuple[str, State, Origin | None, str | None]:
    return found.name, found.state, found.origin, found.project


def test_where_imports_come_from(both: OpenCatalog) -> None:
    found: Catalog = both
    answers = {name: shown(found.look_up(name)) for name in ANSWERS}
    assert answers == ANSWERS
    for name, (_, state, _, _) in ANSWERS.items():
        assert bool(found.look_up(name).detail) == (state is not W), name
    assert found.look_up("tensorflow").detail == "wheels for other platforms only"
    assert found.look_up("pyspark").detail == "sdist only"


def test_a_private_name_is_never_taken_from_the_public_index(
    both: OpenCatalog, public: Public
) -> None:
    found = both.resolve(["acme-tools", "emoji", "acme-linux"])
    assert {(file.name, file.version, file.origin) for file in found.files} >= {
        ("acme-tools", "2.0", "index"),
        ("emoji", "0.0.1", "index"),
    }
    assert [(problem.code, problem.project) for problem in found.problems] == [
        ("no-wheel", "acme-linux")
    ]
    assert not [path for path in public.asked if "acme" in path or "emoji" in path]


def test_a_private_index_that_is_down_leaves_names_unknown(
    platform: Platform, catalog_home: Home, asked: dict[str, str], public: Public
) -> None:
    catalog = open_catalog(
        platform, index="http://me:hunter2@127.0.0.1:9", home=catalog_home, env=asked
    )
    assert shown(catalog.look_up("numpy")) == ("numpy", W, Origin.LOCK, "numpy")
    assert catalog.look_up("os").state is W
    away = catalog.look_up("acme_tools")
    assert away.state is U
    assert "the private index cannot be reached" in away.detail
    found = catalog.resolve(["acme-tools", "plotly"])
    assert [problem.code for problem in found.problems] == ["source-away", "source-away"]
    assert "hunter2" not in f"{away} {found} {catalog.identity}"
    # The public index is not asked for what the private one could not be asked for.
    assert public.asked == []


@pytest.mark.parametrize("mode", ["garbage", "half", "500", "403"])
def test_a_public_index_that_lies(
    platform: Platform, scratch_home: Home, catalog_home: Home, asked: dict[str, str],
    public: Public, mode: str,
) -> None:  # fmt: skip
    home = Home(root=scratch_home.root)
    for name in ("runtimes",):
        (home.root / name).symlink_to((catalog_home.root / name).resolve())
    (home.root / "catalog").mkdir()
    (home.root / "catalog" / "stdlib").symlink_to(catalog_home.root / "catalog" / "stdlib")
    public.be(mode)
    catalog = open_catalog(platform, home=home, env=asked)
    found = catalog.look_up("plotly")
    assert (found.state, found.project) == (U, "plotly")
    assert found.detail.startswith("the public index")
    assert catalog.look_up("pandas").state is W
    (problem,) = catalog.resolve(["pandas", "honest"]).problems
    assert (problem.code, problem.chain) == ("source-away", ("honest",))


def test_the_kernel_changes_the_answer(
    platform: Platform, catalog_home: Home, asked: dict[str, str]
) -> None:
    bare = open_catalog(platform, public=False, home=catalog_home, env=asked)
    kernel = open_catalog(
        platform, kernel="pyodide-kernel", public=False, home=catalog_home, env=asked
    )
    for name, without, within in [
        ("resource", (M, Origin.STDLIB, None), (B, Origin.KERNEL, None)),
        ("tornado.web", (U, None, None), (B, Origin.KERNEL, None)),
        ("IPython.display", (W, Origin.LOCK, "ipython"), (W, Origin.KERNEL, None)),
        ("piplite", (U, None, None), (W, Origin.KERNEL, None)),
        ("os", (W, Origin.STDLIB, None), (W, Origin.STDLIB, None)),
        ("micropip", (W, Origin.KERNEL, None), (W, Origin.KERNEL, None)),
    ]:
        first, second = bare.look_up(name), kernel.look_up(name)
        assert (first.state, first.origin, first.project) == without, name
        assert (second.state, second.origin, second.project) == within, name
    assert bare.identity != kernel.identity
    assert "pyodide-kernel 0.7.2" in kernel.identity
    # What the kernel has installed is not installed again, and what it serves is from it.
    names = {
        file.name: file.origin for file in kernel.resolve(["ipython", "widgetsnbextension"]).files
    }
    assert names == {"widgetsnbextension": "kernel"}
    (problem,) = kernel.resolve(["ipykernel>=7"]).problems
    assert problem.code == "conflicting-versions"
    assert "when the kernel starts" in problem.detail


def test_a_company_s_mapping_comes_first(
    platform: Platform, catalog_home: Home, asked: dict[str, str], tmp_path: Path
) -> None:
    mapping = tmp_path / "names.toml"
    mapping.write_text(
        '[imports]\ncv2 = "honest"\n"house.tool" = ""\nnumpy = "nowhere"\nos = "six"\n'
    )
    catalog = open_catalog(platform, mapping=mapping, home=catalog_home, env=asked)
    assert shown(catalog.look_up("cv2.x")) == ("cv2", W, Origin.MAPPING, "honest")
    assert shown(catalog.look_up("house.tool.x")) == ("house.tool", W, Origin.MAPPING, None)
    assert shown(catalog.look_up("numpy")) == ("numpy", M, Origin.MAPPING, "nowhere")
    assert shown(catalog.look_up("os")) == ("os", W, Origin.MAPPING, "six")
    plain = open_catalog(platform, home=catalog_home, env=asked)
    assert plain.identity != catalog.identity


def test_another_process_opens_it_again(both: OpenCatalog, public: Public) -> None:
    names = [name for name in ANSWERS if name]
    told = [both.look_up(name) for name in names]
    found = both.resolve(["plotly", "acme-tools"])
    public.forget()
    again = pickle.loads(pickle.dumps(both))  # noqa: S301 - our own
    assert again.identity == both.identity
    assert [again.look_up(name) for name in names] == told
    assert again.resolve(["plotly", "acme-tools"]) == found
    assert public.asked == []


def test_many_threads_ask_for_a_name_once(
    platform: Platform, catalog_home: Home, asked: dict[str, str], public: Public, tmp_path: Path
) -> None:
    make_wheel(public.wheels, "crowded", "1.0")
    catalog = open_catalog(platform, home=catalog_home, env=asked)
    found: list[Provided] = []
    threads = [
        threading.Thread(target=lambda: found.append(catalog.look_up("crowded"))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert {one.state for one in found} == {W}
    assert public.asked.count("/simple/crowded/") == 1


def test_offline_nobody_is_asked(
    both: OpenCatalog, private_index: Served, platform: Platform, catalog_home: Home,
    asked: dict[str, str], public: Public,
) -> None:  # fmt: skip
    told = both.look_up("plotly"), both.resolve(["plotly", "acme-tools"])
    public.forget()
    offline = open_catalog(
        platform, index=private_index.url, home=catalog_home, env=asked, offline=True
    )
    assert (offline.look_up("plotly"), offline.resolve(["plotly", "acme-tools"])) == told
    unheard = offline.look_up("never_heard_of_it")
    assert unheard.state is U
    assert "offline" in unheard.detail
    assert public.asked == []


def test_a_simple_api_of_another_server(
    platform: Platform, catalog_home: Home, asked: dict[str, str], public: Public
) -> None:
    catalog = open_catalog(platform, index=public.url, public=False, home=catalog_home, env=asked)
    assert shown(catalog.look_up("honest")) == ("honest", W, Origin.INDEX, "honest")
    assert not [path for path in public.asked if "lock" in path]


def test_what_cannot_be_opened(
    platform: Platform, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        open_catalog(platform, kernel="xeus-python", home=home, env=env)
    with pytest.raises(BadPolicy):
        open_catalog(platform, mapping=tmp_path / "none.toml", home=home, env=env)


@pytest.mark.journey
def test_a_runtime_that_cannot_be_fetched(
    scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    closed = {**env, "npm_config_registry": "http://127.0.0.1:9", "npm_config_cache": str(tmp_path)}
    with pytest.raises(SourceAway):
        open_catalog(read_platform("314"), home=scratch_home, env=closed)
