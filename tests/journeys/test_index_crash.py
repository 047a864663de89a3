"""A server that is killed, has no room, or loses its database; and two that want the same."""

import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from servers import Served, serve_index, stop_server
from services import Bucket, Postgres, run_bucket, run_postgres
from uploading import (
    BOUNDARY,
    JSON,
    Tally,
    check_whole,
    form_body,
    list_files,
    post_wheel,
    sha256,
    upload_all,
)
from wheels import make_wheel

from porter.home import Home

# Each starts real servers, several of them many times.
pytestmark = pytest.mark.journey

ROUNDS, UPLOADS, CLIENTS = 10, 200, 16


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with run_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with run_bucket(tmp_path_factory.mktemp("bucket") / "s3") as service:
        yield service


def write_settings(data: Path, *, database: str = "", bucket: Bucket | None = None) -> None:
    data.mkdir(parents=True)
    lines = [f'database = "{database}"'] if database else []
    if bucket is not None:
        lines.append(f'storage = "s3://wheels/{data.parent.name}"')
        lines.append("[storage-options]")
        lines += [f'{name} = "{value}"' for name, value in bucket.options.items()]
    (data / "porter-index.toml").write_text("\n".join(lines) + "\n")


def make_wheels(folder: Path, number: int, count: int) -> dict[str, Path]:
    """Wheels of a few projects, some with enough in them to arrive in pieces."""
    made = [
        make_wheel(
            folder,
            f"acme-{n % 20}",
            f"{number}.{n}",
            members={"m.py": b"V = 1\n", "data.bin": os.urandom(200_000 if n % 8 == 0 else 500)},
        )
        for n in range(count)
    ]
    return {wheel.name: wheel for wheel in made}


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def crash_often(data: Path, home: Home, folder: Path, *, rounds: int) -> None:
    """Kill the whole server in the middle of its uploads, so many times, and look each time."""
    chance = random.Random(5)  # noqa: S311 # the same moments each time
    sent: dict[str, str] = {}
    acknowledged: dict[str, str] = {}
    token, lost = "", 0
    for number in range(rounds):
        wheels = make_wheels(folder, number, UPLOADS)
        sent |= {name: sha256(wheel.read_bytes()) for name, wheel in wheels.items()}
        last = chance.randrange(5, UPLOADS * 3 // 4)
        with serve_index(data, "--workers", "2", home=home.root, token=token) as server:
            token = server.token
            with server.client as client:
                # What the last one left is gone without anything being done.
                lost += check_whole(client, data, acknowledged=acknowledged, sent=sent)
                acknowledged |= {name: told for name, (told, _) in list_files(client).items()}

            def kill_it(tally: Tally, server: Served = server, last: int = last) -> None:
                if len(tally.acknowledged) == last:
                    kill(server.process)

            tally = upload_all(
                server.url, server.token, wheels.values(), clients=CLIENTS, after=kill_it
            )
            server.process.wait(30)
        assert tally.refused == []
        assert tally.cut == CLIENTS
        assert last <= len(tally.acknowledged) < UPLOADS
        acknowledged |= tally.acknowledged
    with (
        serve_index(data, home=home.root, token=token) as server,
        server.client as client,
        server.admin as admin,
    ):
        lost += check_whole(client, data, acknowledged=acknowledged, sent=sent)
        # The names of what left nothing are free.
        again = next(wheel for name, wheel in wheels.items() if name not in list_files(client))
        assert post_wheel(admin, again).status_code == 200
    # The answers that were on their way when it was killed, at most one a client.
    assert lost <= rounds * CLIENTS


def test_killed_ten_times_on_sqlite(tmp_path: Path, home: Home) -> None:
    data = tmp_path / "index"
    write_settings(data)
    crash_often(data, home, tmp_path / "wheels", rounds=ROUNDS)


def test_killed_ten_times_on_postgresql(tmp_path: Path, home: Home, postgres: Postgres) -> None:
    data = tmp_path / "index"
    write_settings(data, database=postgres.new_database())
    crash_often(data, home, tmp_path / "wheels", rounds=ROUNDS)


def test_killed_on_postgresql_and_a_bucket(
    tmp_path: Path, home: Home, postgres: Postgres, bucket: Bucket
) -> None:
    data = tmp_path / "index"
    write_settings(data, database=postgres.new_database(), bucket=bucket)
    crash_often(data, home, tmp_path / "wheels", rounds=2)


@pytest.mark.parametrize("whole_group", [False, True])
def test_uploads_in_flight_end_before_the_server_does(
    tmp_path: Path, home: Home, whole_group: bool
) -> None:
    """systemd sends SIGTERM to every process, a container to the first."""
    data = tmp_path / "index"
    wheel = make_wheel(tmp_path, members={"m.py": os.urandom(300_000)})
    content = wheel.read_bytes()
    body, begun = form_body(wheel.name, content), threading.Event()
    answers: list[httpx.Response] = []

    def pieces() -> Iterator[bytes]:
        step = len(body) // 10 + 1
        for start in range(0, len(body), step):
            yield body[start : start + step]
            begun.set()
            time.sleep(0.3)

    with serve_index(data, "--workers", "2", home=home.root) as server:
        kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
        idle = server.client
        assert idle.get("/healthz").status_code == 200

        def upload() -> None:
            with server.admin as admin:
                answers.append(admin.post("/legacy/", content=pieces(), headers=kind))

        thread = threading.Thread(target=upload)
        thread.start()
        begun.wait(30)
        signalled = os.killpg if whole_group else os.kill
        signalled(server.process.pid, signal.SIGTERM)
        until = time.monotonic() + 2
        while True:
            try:
                httpx.get(f"{server.url}/healthz", timeout=2)
            except httpx.ConnectError:
                break
            assert time.monotonic() < until, "new connections are taken"
            time.sleep(0.05)
        assert answers == []
        thread.join()
        assert [answer.status_code for answer in answers] == [200]
        assert server.process.wait(30) == 0
        idle.close()
        token = server.token
    with serve_index(data, home=home.root, token=token) as server, server.client as client:
        told = {wheel.name: sha256(content)}
        assert check_whole(client, data, acknowledged=told, sent=told) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if (
        os.getuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mounted], check=False
        ).returncode
    ):
        pytest.skip("this needs the right to mount a file system")
    yield mounted
    subprocess.run(["umount", "-l", mounted], check=True)


def test_a_full_disk_refuses_uploads_until_there_is_room(
    tmp_path: Path, home: Home, small_disk: Path
) -> None:
    data = small_disk / "index"
    write_settings(data)
    first, large, late, last = (
        make_wheel(tmp_path, f"acme-{name}", members={"m.bin": os.urandom(size)})
        for name, size in (("a", 900_000), ("b", 900_000), ("c", 500), ("d", 900_000))
    )
    with (
        serve_index(data, home=home.root) as server,
        server.admin as admin,
        server.client as client,
    ):
        assert post_wheel(admin, first).status_code == 200
        acknowledged = {first.name: sha256(first.read_bytes())}

        fill(small_disk, leave=400_000)
        refused = post_wheel(admin, large)
        assert refused.status_code == 507, refused.text
        assert "room" in refused.text or "full" in refused.text
        assert "free some space" in refused.text
        assert client.get("/readyz").status_code == 200

        # Not even a row of the database has room.
        fill(small_disk, leave=0)
        refused = post_wheel(admin, late)
        assert refused.status_code == 507, refused.text
        assert list_files(client).keys() == {first.name}

        (small_disk / "filler").unlink()
        for wheel in (large, late, last):
            answer = post_wheel(admin, wheel)
            assert answer.status_code == 200, answer.text
            acknowledged[wheel.name] = sha256(wheel.read_bytes())
        assert check_whole(client, data, acknowledged=acknowledged, sent=acknowledged) == 0


def fill(disk: Path, *, leave: int) -> None:
    filler = disk / "filler"
    with filler.open("ab") as file:
        room = shutil.disk_usage(disk).free - leave
        os.posix_fallocate(file.fileno(), filler.stat().st_size, max(room, 1))


def test_the_database_goes_and_comes_back(tmp_path: Path, home: Home) -> None:
    data = tmp_path / "index"
    first, second = (make_wheel(tmp_path, name) for name in ("acme-a", "acme-b"))
    with run_postgres() as postgres:
        write_settings(data, database=postgres.new_database())
        with (
            serve_index(data, "--workers", "2", home=home.root) as server,
            server.admin as admin,
            server.client as client,
        ):
            assert post_wheel(admin, first).status_code == 200
            # It may have been the other process that took it.
            await_true(lambda: len(list_files(client)) == 1)
            ((_, url),) = list_files(client).values()
            await_true(lambda: client.get("/readyz").status_code == 200)

            postgres.stop("immediate")
            begun = time.monotonic()
            away = post_wheel(admin, second)
            assert away.status_code == 503, away.text
            assert "the database does not answer" in away.text
            assert time.monotonic() - begun < 15
            for _ in range(20):
                assert client.get("/simple/acme-a/", headers=JSON).status_code == 200
                assert client.get(url).content == first.read_bytes()
            assert client.get("/healthz").status_code == 200
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert "database" in ready.json()["away"]

            postgres.start()
            await_true(lambda: post_wheel(admin, second).status_code in (200, 400))
            await_true(lambda: client.get("/readyz").status_code == 200)
            told = {wheel.name: sha256(wheel.read_bytes()) for wheel in (first, second)}
            await_true(lambda: list_files(client).keys() == told.keys())
            assert check_whole(client, data, acknowledged=told, sent=told) == 0


def await_true(question: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.fixture
def two_servers(
    tmp_path: Path, home: Home, postgres: Postgres, bucket: Bucket
) -> Iterator[tuple[Served, Served]]:
    """Two servers, as on two machines: each with a folder of its own, one database, one bucket."""
    first, second = tmp_path / "first", tmp_path / "second"
    write_settings(first, database=postgres.new_database(), bucket=bucket)
    second.mkdir()
    shutil.copy(first / "porter-index.toml", second)
    with (
        serve_index(first, home=home.root) as one,
        serve_index(second, home=home.root, token=one.token) as other,
    ):
        yield one, other


def test_two_servers_see_each_other_within_a_second(
    two_servers: tuple[Served, Served], tmp_path: Path
) -> None:
    one, other = two_servers
    waits = []
    for number in range(5):
        wheel = make_wheel(tmp_path, f"acme-{number}")
        writer, reader = (one, other) if number % 2 else (other, one)
        with writer.admin as admin, reader.client as client:
            client.get("/healthz")
            assert post_wheel(admin, wheel).status_code == 200
            begun = time.monotonic()
            page = f"/simple/acme-{number}/"
            await_true(lambda c=client, p=page: c.get(p).status_code == 200)  # type: ignore[misc]
            waits.append(time.monotonic() - begun)
            ((_, url),) = [told for name, told in list_files(client).items() if name == wheel.name]
            assert client.get(url).content == wheel.read_bytes()
    assert statistics.median(waits) < 1, waits


def test_one_of_two_writers_wins(two_servers: tuple[Served, Served], tmp_path: Path) -> None:
    admins = [server.admin for server in two_servers]
    for number in range(10):
        wheels = [
            make_wheel(tmp_path / str(n), f"acme-{number}", members={"m.py": os.urandom(2000)})
            for n in range(2)
        ]
        answers: dict[int, httpx.Response] = {}
        together = threading.Barrier(2, timeout=30)

        def write(n: int, wheels: list[Path] = wheels, answers: dict = answers) -> None:  # type: ignore[type-arg]
            together.wait()  # noqa: B023 # joined below
            answers[n] = post_wheel(admins[n], wheels[n])

        threads = [threading.Thread(target=write, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers.values()) == [200, 400]
        winner = next(n for n, answer in answers.items() if answer.status_code == 200)
        assert "already exists" in answers[1 - winner].text
        for admin in admins:
            await_true(lambda a=admin, p=f"/simple/acme-{number}/": a.get(p).status_code == 200)  # type: ignore[misc]
            told, url = list_files(admin)[wheels[winner].name]
            assert told == sha256(wheels[winner].read_bytes())
            assert admin.get(url).content == wheels[winner].read_bytes()
    everything = {name: told for name, (told, _) in list_files(admins[0]).items()}
    for server, admin in zip(two_servers, admins, strict=True):
        assert check_whole(admin, server.data, acknowledged=everything, sent=everything) == 0
        admin.close()
        stop_server(server.process)
