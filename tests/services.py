"""Real services that an index can stand on: PostgreSQL of Debian's, and rclone that speaks S3."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg

READY = 30.0
KEY, SECRET = "porter-tests-key", "porter-tests-secret"


class Postgres:
    """A cluster of its own, in a folder, on a port of 127.0.0.1. It can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._data = folder / "data"
        self._count = 0

    @cached_property
    def programs(self) -> Path:
        """Of the newest version that is installed."""
        found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
        return max(found, key=lambda path: int(path.parents[1].name)).parent

    def make(self) -> None:
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", self._data, "-U", "porter", "--auth=trust", "-E", "UTF8")

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c max_connections=60"
        options += f" -c unix_socket_directories={self.folder} -c fsync=on -c shared_buffers=32MB"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is as a power cut."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._count += 1
        name = f"index{self._count}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def await_running(self, text: str, count: int) -> None:
        """Until so many queries run that have this text in them."""
        until = time.monotonic() + 120
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            while True:
                found = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                    "strpos(query, %s) > 0 AND pid <> pg_backend_pid()",
                    [text],
                ).fetchone()
                if found == (count,):
                    return
                assert time.monotonic() < until, found
                time.sleep(0.1)

    def _url(self, database: str) -> str:
        return f"postgresql://porter@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: object) -> None:
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        done = subprocess.run(
            [*(prefix if os.getuid() == 0 else []), self.programs / program, *map(str, arguments)],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        log = self.folder / "log"
        told = log.read_text()[-2000:] if log.exists() else ""
        assert done.returncode == 0, f"{program}: {done.returncode}\n{told}"


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """A cluster, until the context ends.

    Not below pytest's folders: these are for root alone, and PostgreSQL does not run as root.
    """
    with tempfile.TemporaryDirectory(prefix="porter-postgres-") as folder:
        cluster = Postgres(Path(folder))
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            if (cluster.folder / "data" / "postmaster.pid").exists():
                cluster.stop("immediate")


@dataclass(kw_only=True)
class Bucket:
    """A bucket of rclone's, whose bytes are in `folder`."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return "s3://wheels/index"

    @property
    def options(self) -> dict[str, str]:
        return {
            "endpoint": f"http://127.0.0.1:{self.port}",
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "allow_http": "true",
            "region": "us-east-1",
        }

    @property
    def env(self) -> dict[str, str]:
        """What a command reads of it."""
        return {
            "AWS_ENDPOINT_URL": self.options["endpoint"],
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        rclone = shutil.which("rclone", path=str(Path(sys.executable).parent)) or "rclone"
        command = [rclone, "serve", "s3", "--addr", f"127.0.0.1:{self.port}"]
        command += ["--auth-key", f"{KEY},{SECRET}", "--vfs-cache-mode", "off", str(self.folder)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RCLONE_CONFIG": os.devnull},
        )
        await_port(self.port)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def run_bucket(folder: Path) -> Iterator[Bucket]:
    """An empty bucket, until the context ends."""
    (folder / "wheels").mkdir(parents=True)
    bucket = Bucket(port=free_port(), folder=folder)
    bucket.start()
    try:
        yield bucket
    finally:
        bucket.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int) -> None:
    until = time.monotonic() + READY
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")
