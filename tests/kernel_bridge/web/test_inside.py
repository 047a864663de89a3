import io
import subprocess
import sys
import zipfile
from pathlib import Path

from labs import Lab

from kernel_bridge.web.inside import read_inside


def test_it_has_what_runs_inside_kernels_and_nothing_else() -> None:
    inside = read_inside()
    with zipfile.ZipFile(io.BytesIO(inside.content)) as archive:
        names = archive.namelist()
        assert archive.read("kernel_bridge/__init__.py") == b""
    assert "kernel_bridge/inside/__init__.py" in names
    assert not [name for name in names if "__pycache__" in name]
    assert all(name.startswith("kernel_bridge/inside/") for name in names if name.count("/") > 1)
    assert read_inside() == inside


def test_it_is_imported_without_the_rest_of_porter(tmp_path: Path) -> None:
    (tmp_path / "inside.zip").write_bytes(read_inside().content)
    program = "import sys; sys.path.insert(0, 'inside.zip'); import kernel_bridge.inside as i; print(i.__file__, [m for m in sys.modules if m.startswith(('porter', 'compat_report'))])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "inside.zip" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_it_is_served_to_who_is_known_by_its_etag(lab: Lab) -> None:
    with lab.client as client:
        answer = client.get("/porter/inside.zip")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/zip"
        assert answer.content == read_inside().content
        etag = {"If-None-Match": answer.headers["ETag"]}
        assert client.get("/porter/inside.zip", headers=etag).status_code == 304
    with lab.stranger as stranger:
        assert stranger.get("/porter/inside.zip").status_code == 403
