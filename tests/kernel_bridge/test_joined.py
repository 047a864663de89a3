import zipfile
from pathlib import Path

from wheels import make_wheel

from kernel_bridge.joined import join_archives
from porter.home import Home


def test_an_archive_has_the_modules_and_metadata_of_wheels(tmp_path: Path) -> None:
    first = tmp_path / "stdlib.zip"
    with zipfile.ZipFile(first, "w") as archive:
        archive.writestr("json.py", "VALUE = 1\n")
    wheel = make_wheel(tmp_path, "acme", members={"acme/__init__.py": b"VALUE = 2\n"})

    made = [join_archives(first, [wheel], Home(root=tmp_path / str(at))) for at in range(2)]

    assert made[0].read_bytes() == made[1].read_bytes()
    assert made[0].name == "stdlib.zip"
    with zipfile.ZipFile(made[0]) as joined:
        assert joined.read("json.py") == b"VALUE = 1\n"
        assert joined.read("acme/__init__.py") == b"VALUE = 2\n"
        assert b"Name: acme" in joined.read("acme-1.0.dist-info/METADATA")
