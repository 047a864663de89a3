"""Projects and files as an index knows them, made without an index."""

from datetime import UTC, datetime

from index_server.model import File, ProjectDetail
from porter.platform import read_platforms

PLATFORMS = tuple(read_platforms().values())
WASM = "cp313-cp313-pyemscripten_2025_0_wasm32"
WASM_314 = "cp314-cp314-pyemscripten_2026_0_wasm32"
NOW = datetime(2026, 11, 5, tzinfo=UTC)


def make_file(version: str = "1.0", tag: str = "py3-none-any", **fields: object) -> File:
    """A wheel of `acme`."""
    return File(
        **{  # type: ignore[arg-type]
            "project": "acme",
            "version": version,
            "filename": f"acme-{version}-{tag}.whl",
            "size": 1000,
            "sha256": "0" * 64,
            "uploaded_at": NOW,
            **fields,
        }
    )


def make_project(*files: File, name: str = "acme", **fields: object) -> ProjectDetail:
    """A project of these files."""
    return ProjectDetail(name=name, shown=name, serial=1, files=files, **fields)  # type: ignore[arg-type]
