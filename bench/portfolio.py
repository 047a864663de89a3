"""Recipes of real projects, as both contestants read them: a `meta.yaml` a project.

The sources are sdists of the Python package index, by package URL and sha256. `pyodide build-recipes`
takes addresses alone, and fetches them in each build: they are served from this machine.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from porter.home import Home
from porter.pypi import fetch_file, fetch_release, parse_purl, promised_sha256

# C, C++ and Cython; setuptools, its plug-ins and other backends; each takes seconds.
PURLS = (
    "pkg:pypi/bitarray@3.12.3?checksum=sha256:919e35a951c0a551631b94bf568f3f5e38d004e0c60866cb2ca51bd8c4778fec",
    "pkg:pypi/cobs@1.2.2?checksum=sha256:dbdd5e32111d72786f83d0c269215dcd6ac629b1ac1962c6878221f3b2ca98da",
    "pkg:pypi/crc32c@2.9.post0?checksum=sha256:6a089e0340de8438e836a09e613c6b541675d0f3aa92b3fe34295aaba62f014f",
    "pkg:pypi/editdistance@0.8.1?checksum=sha256:d1cdf80a5d5014b0c9126a69a42ce55a457b457f6986ff69ca98e4fe4d2d8fed",
    "pkg:pypi/frozenlist@1.8.0?checksum=sha256:3ede829ed8d842f6cd48fc7081d7a41001a56f1f38603f9d49bf3020d59a31ad",
    "pkg:pypi/kiwisolver@1.5.1?checksum=sha256:f1303ef2eec81262a4b708c3e858afe58d7c75ad91c1c05266eda7673369859a",
    "pkg:pypi/lz4@4.4.5?checksum=sha256:5f0b9e53c1e82e88c10d7c180069363980136b9d7a8306c4dca4f760d60c39f0",
    "pkg:pypi/markupsafe@3.0.4?checksum=sha256:2e9ad7dd851bf45fab9f75cbff4cb493fee9979e8d8c7c9c3ee119022518edd6",
    "pkg:pypi/msgpack@1.2.4?checksum=sha256:475c44e12f2a5de766a8448783f149c9b33f3f49b88953c6cd739a77d93c732c",
    "pkg:pypi/multidict@7.2.1?checksum=sha256:e8af3e6f1bdbc31fd762b094133b478b89988eaebc63cbe82b1d9e3bbd15cede",
    "pkg:pypi/pyyaml@6.0.4?checksum=sha256:e24bf71af8a432d7808fabff134d38dfe16d3cbb41f2873bb4b1e42422de0a1a",
    "pkg:pypi/simplejson@4.3.0?checksum=sha256:ffe34ab51a0d37e6d1c661a5672df00d2d5e18804e38eac07abffb83fa5ec3d7",
    "pkg:pypi/ujson@6.1.0?checksum=sha256:aef7ea4cd9e2e9f8a35c4538a9780d58c80d76c5da66a8dad269b4cc6d930c29",
    "pkg:pypi/xxhash@4.1.0?checksum=sha256:c9b288e4c1f5dae54417bc8a05e6f6daf505783d916b4783f4dd2f2e7d5db486",
)


class Silent(SimpleHTTPRequestHandler):
    """Files of a folder, and no word about them."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # http.server's name
        """Nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address, on this machine alone, below which the files of `folder` are."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch_sdists(folder: Path, *, home: Home, env: Mapping[str, str]) -> dict[str, Path]:
    """The sdist of each package URL, linked into `folder`."""
    found = {}
    folder.mkdir(exist_ok=True)
    for text in PURLS:
        purl = parse_purl(text)
        sdist = fetch_release(purl, home=home, env=env).sdist
        if sdist is None or sdist.sha256 != promised_sha256(purl):
            raise SystemExit(f"{text}: the index has another sdist, or none")
        found[text] = folder / sdist.filename
        path = fetch_file(sdist, home=home, env=env)
        if not found[text].is_symlink():
            found[text].symlink_to(path)
    return found


def write_recipes(folder: Path, sdists: Mapping[str, Path], address: str) -> list[str]:
    """A folder of recipes; returns their names."""
    names = []
    for text, sdist in sdists.items():
        purl = parse_purl(text)
        meta = {
            "package": {"name": purl.name, "version": purl.version},
            "source": {"url": f"{address}/{sdist.name}", "sha256": promised_sha256(purl)},
        }
        (folder / purl.name).mkdir(parents=True, exist_ok=True)
        # JSON is YAML.
        (folder / purl.name / "meta.yaml").write_text(json.dumps(meta, indent=1))
        names.append(purl.name)
    return names
