import shutil
from collections.abc import Callable
from pathlib import Path

from running import Ran, run_porter

from porter.home import Home
from porter.toolchain.model import Toolchain

Porter = Callable[..., Ran]


def test_a_machine_that_has_everything(porter: Porter, toolchain: Toolchain) -> None:
    ran = porter("doctor", "--json")
    assert ran.code == 0, ran.out
    rows = {row["name"]: row for row in ran.json["requirements"]}
    assert set(rows) >= {"Python", "Python headers", "node", "npm", "make", "cache folder"}
    assert toolchain.emscripten in rows["toolchain"]["found"]
    assert porter("doctor").out.count("✓") == len(rows)


def test_a_machine_that_lacks_programs(scratch_home: Home, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "make").symlink_to(shutil.which("make") or "")
    (tools / "node").write_text("#!/bin/sh\necho v12.22.1\n")
    (tools / "node").chmod(0o755)
    ran = run_porter(
        "doctor", "--json", home=scratch_home.root, cwd=tmp_path, env={"PATH": str(tools)}
    )
    assert ran.code == 1
    rows = {row["name"]: row for row in ran.json["requirements"]}
    missing = {name for name, row in rows.items() if not row["ok"]}
    assert missing >= {"node", "npm", "patch", "toolchain"}
    assert "make" not in missing
    assert (rows["node"]["found"], rows["node"]["mend"]) == (
        "v12.22.1",
        "apt-get install nodejs npm",
    )
    assert rows["toolchain"]["mend"] == "porter toolchain install --platform 0.29.5"
    assert list(scratch_home.root.iterdir()) == [], "looking changes nothing"


def test_a_toolchain_that_is_broken(build_home: Home, toolchain: Toolchain, porter: Porter) -> None:
    (build_home.root / "toolchains").unlink()
    folder = build_home.root / "toolchains" / toolchain.root.name
    folder.mkdir(parents=True)
    record = (toolchain.root / "toolchain.json").read_text()
    (folder / "toolchain.json").write_text(record.replace(str(toolchain.root), str(folder)))
    ran = porter("doctor", "--json")
    assert ran.code == 1
    (row,) = [row for row in ran.json["requirements"] if not row["ok"]]
    assert row["name"] == "toolchain"
    assert "emcc does not run" in row["found"]
    assert row["mend"].startswith("porter toolchain remove")
