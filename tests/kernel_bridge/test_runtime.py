import json
import zipfile
from pathlib import Path

import pytest
from wheels import make_wheel

from kernel_bridge.runtime import (
    KernelFiles,
    fetch_kernel_files,
    import_names,
    merge_lock,
    read_parts,
)
from kernel_bridge.trimmed import trim_wheel
from porter.commands.options import Machine
from porter.home import Home
from porter.platform import read_platform


@pytest.fixture(scope="module")
def kernel(home: Home, env: dict[str, str]) -> KernelFiles:
    return fetch_kernel_files(read_platform("314"), Machine(home=home, env=env))


def test_the_kernel_is_whole(kernel: KernelFiles) -> None:
    names = {wheel.name: wheel for wheel in kernel.wheels}
    assert set(read_parts().start) <= set(names)
    assert all(one in names for wheel in kernel.wheels for one in wheel.depends)
    assert names["ipython"].imports == ("IPython",)
    assert "jedi" in names["ipython"].depends
    # What lies in the standard library's archive is there without being asked for.
    assert "pygments" not in names["ipython"].depends
    assert names["pygments"].imports == ("pygments",)
    with zipfile.ZipFile(kernel.stdlib) as stdlib:
        lying = set(stdlib.namelist())
    assert {"json/__init__.py", "pygments/__init__.py", "traitlets/__init__.py"} <= lying
    with zipfile.ZipFile(names["pygments"].path) as pygments:
        assert [one for one in pygments.namelist() if one.endswith("/METADATA")]
        assert not [one for one in pygments.namelist() if one.endswith(".py")]
    with zipfile.ZipFile(names["jedi"].path) as jedi:
        members = jedi.namelist()
        record = next(name for name in members if name.endswith("/RECORD"))
        assert "typeshed/stubs/" not in jedi.read(record).decode()
    assert not [name for name in members if "typeshed/stubs/" in name]
    assert [name for name in members if "typeshed/stdlib/" in name]


def test_the_lock_file_is_the_indexs_with_the_kernels_wheels(kernel: KernelFiles) -> None:
    theirs = {"info": {"python": "3.14"}, "packages": {"acme": {"name": "acme"}, "comm": {}}}
    merged = json.loads(merge_lock(theirs, kernel))
    assert merged["info"] == theirs["info"]
    assert merged["packages"]["acme"] == {"name": "acme"}
    comm = merged["packages"]["comm"]
    assert comm["file_name"].startswith(f"files/{comm['sha256']}/comm-")
    found = kernel.find(comm["sha256"], comm["file_name"].rpartition("/")[2])
    assert found is not None
    assert kernel.find(comm["sha256"], "other.whl") is None


@pytest.mark.parametrize(
    ("members", "names"),
    [
        (["a/__init__.py", "a/b.py", "a-1.dist-info/METADATA"], ("a",)),
        (["six.py", "six-1.dist-info/RECORD"], ("six",)),
        (["ns/deep/x.py", "ns-1.data/data/x.py", "readme.txt"], ("ns",)),
        ([], ()),
    ],
)
def test_what_can_be_imported_is_at_the_top(members: list[str], names: tuple[str, ...]) -> None:
    assert import_names(members) == names


def test_a_trimmed_wheel_is_the_same_each_time(tmp_path: Path) -> None:
    members = {"a/__init__.py": b"", "a/stubs/b.pyi": b"x", "a/c.py": b""}
    wheel = make_wheel(tmp_path, "a", members=members)
    made = [trim_wheel(wheel, ["a/stubs/"], Home(root=tmp_path / str(i))) for i in range(2)]
    assert made[0].read_bytes() == made[1].read_bytes()
    with zipfile.ZipFile(made[0]) as trimmed:
        assert "a/stubs/b.pyi" not in trimmed.namelist()
        assert b"stubs" not in trimmed.read("a-1.0.dist-info/RECORD")
        assert b"a/c.py" in trimmed.read("a-1.0.dist-info/RECORD")
