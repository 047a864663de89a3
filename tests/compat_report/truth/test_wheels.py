"""Where a notebook's wheels are had from, and what is said of those that cannot be."""

from dataclasses import replace
from pathlib import Path

from servers import Served

from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.reported import ResolvedFile
from compat_report.truth.wheels import fetch_wheels
from porter.home import Home
from porter.platform import Platform
from porter.runtime import Runtime


def open_private(platform: Platform, index: Served, home: Home, env: dict[str, str]) -> OpenCatalog:
    return open_catalog(platform, index=index.url, public=False, home=home, env=env)


def test_from_the_private_index(
    platform: Platform,
    runtime: Runtime,
    private_index: Served,
    catalog_home: Home,
    env: dict[str, str],
) -> None:
    catalog = open_private(platform, private_index, catalog_home, env)
    wanted = catalog.resolve(["acme-native", "acme-data"]).files
    found = fetch_wheels(wanted, catalog, runtime, home=catalog_home, env=env)
    assert "acme_native-2.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl" in found.installed
    assert "acme_base-1.0-py3-none-any.whl" in found.installed
    assert not found.locked
    # Of the release's own packages the index has none, and they are not with the runtime.
    assert {"pandas", "numpy"} <= found.away.keys()
    assert all(found.away.values())
    assert "numpy" in catalog.import_names("numpy")
    assert "PIL" in catalog.import_names("pillow")
    assert catalog.import_names("acme-base") == {"acme_base"}

    again = fetch_wheels(wanted, catalog, runtime, home=catalog_home, env=env, offline=True)
    assert again == found


def test_offline_nothing_is_fetched(
    platform: Platform,
    runtime: Runtime,
    private_index: Served,
    catalog_home: Home,
    scratch_home: Home,
    env: dict[str, str],
) -> None:
    catalog = open_private(platform, private_index, catalog_home, env)
    wanted = catalog.resolve(["acme-native"]).files
    found = fetch_wheels(wanted, catalog, runtime, home=scratch_home, env=env, offline=True)
    assert not found.files
    assert found.away == {"acme-native": "it was not fetched before, and no index is asked"}


def test_from_the_runtime_where_that_has_them(
    platform: Platform,
    runtime: Runtime,
    private_index: Served,
    catalog_home: Home,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    catalog = open_private(platform, private_index, catalog_home, env)
    wanted = [file for file in catalog.resolve(["numpy"]).files if file.name == "numpy"]
    (tmp_path / wanted[0].filename).write_bytes(b"a wheel")
    near = replace(runtime, folder=tmp_path)
    found = fetch_wheels(wanted, catalog, near, home=catalog_home, env=env)
    assert found.locked == {"numpy": wanted[0].filename}
    assert found.installed == ()
    assert not found.away


def test_a_part_of_the_standard_library_is_no_project_of_an_index(
    platform: Platform,
    runtime: Runtime,
    private_index: Served,
    catalog_home: Home,
    env: dict[str, str],
) -> None:
    catalog = open_private(platform, private_index, catalog_home, env)
    locked = catalog.lock.packages["sqlite3"]
    file = ResolvedFile(
        name="sqlite3", version=locked.version, filename=locked.filename, origin="lock"
    )
    assert catalog.find_wheel(file) is None
