"""Upload real wheels to a real server, many at once, and compare what it holds afterwards."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

import httpx

from index_server.records.database import read_pending
from index_server.records.engine import connect
from index_server.records.storage import open_store
from index_server.settings import read_settings

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
BOUNDARY = "porter-tests-boundary"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def form_fields(wheel: str, data: bytes) -> dict[str, str]:
    name, version = wheel.split("-")[:2]
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "filetype": "bdist_wheel",
        "name": name,
        "version": version,
        "sha256_digest": sha256(data),
    }


def post_wheel(client: httpx.Client, wheel: Path, data: bytes | None = None) -> httpx.Response:
    """Upload a wheel as twine does; `data` instead of its bytes."""
    data = wheel.read_bytes() if data is None else data
    content = {"content": (wheel.name, data, "application/octet-stream")}
    return client.post("/legacy/", data=form_fields(wheel.name, data), files=content)


def form_body(wheel: str, data: bytes) -> bytes:
    """The body of that form, to be sent in pieces."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form_fields(wheel, data).items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{wheel}"'
    parts.append(f"{head}\r\nContent-Type: application/octet-stream\r\n\r\n")
    return "".join(parts).encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of uploads: the hash of each that was acknowledged, the rest's answers."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    cut: int = 0


def upload_all(
    url: str, token: str, wheels: Iterable[Path], *, clients: int, after: Callable[[Tally], object]
) -> Tally:
    """Upload with so many clients at once; `after` is called after each that was acknowledged.

    A client ends when its connection is cut: its server is gone.
    """
    left: SimpleQueue[Path] = SimpleQueue()
    for wheel in wheels:
        left.put(wheel)
    tally, lock = Tally(), threading.Lock()

    def work() -> None:
        with httpx.Client(base_url=url, auth=("__token__", token), timeout=60) as client:
            while True:
                try:
                    wheel = left.get_nowait()
                    answer = post_wheel(client, wheel)
                except Empty:
                    return
                except httpx.TransportError:
                    with lock:
                        tally.cut += 1
                    return
                with lock:
                    if answer.status_code == 200:
                        tally.acknowledged[wheel.name] = sha256(wheel.read_bytes())
                    else:
                        tally.refused.append((wheel.name, answer.status_code, answer.text))
                    after(tally)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def list_files(client: httpx.Client) -> dict[str, tuple[str, str]]:
    """Each file that the index lists: its hash and its URL."""
    found: dict[str, tuple[str, str]] = {}
    for project in client.get("/simple/", headers=JSON).json()["projects"]:
        page = client.get(f"/simple/{project['name']}/", headers=JSON).json()
        for file in page["files"]:
            found[file["filename"]] = (file["hashes"]["sha256"], file["url"])
    return found


def check_whole(
    client: httpx.Client, data: Path, *, acknowledged: Mapping[str, str], sent: Mapping[str, str]
) -> int:
    """Compare an index with what was sent to it; how many files were there and not acknowledged.

    What was acknowledged is there. What was not is there as a whole, because only its answer was
    lost, or there is nothing of it: no row, no key, no file, no claim.
    """
    listed = list_files(client)
    assert {name: listed.get(name, ("nothing",))[0] for name in acknowledged} == acknowledged
    for name, (told, url) in listed.items():
        assert sent[name] == told
        bytes_there = client.get(url).raise_for_status().content
        assert sha256(bytes_there) == told, name
        metadata = client.get(f"{url}.metadata").raise_for_status().text
        assert metadata.startswith("Metadata-Version"), name
    settings = read_settings(data)
    engine = connect(settings.database_url)
    assert read_pending(engine) == []
    engine.dispose()
    store = open_store(settings.storage, settings.storage_options, settings.folder / "files")
    keys = [f"{told[:2]}/{told[2:]}/{name}" for name, (told, _url) in listed.items()]
    wanted = sorted(keys + [f"{key}.metadata" for key in keys])
    assert sorted(store.keys()) == wanted
    assert list((data / "incoming").glob("*")) == []
    if store.folder is not None:
        on_disk = [path for path in store.folder.rglob("*") if path.is_file()]
        assert sorted(str(path.relative_to(store.folder)) for path in on_disk) == wanted
    return len(listed.keys() - acknowledged.keys())
