"""Where Porter keeps what it fetched and made, and how it writes there safely."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from porter.errors import ConfigurationError

LOGS_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The folder that holds every cache; `PORTER_HOME` moves it."""

    root: Path

    @classmethod
    def parse(cls, environ: Mapping[str, str]) -> "Home":
        """`PORTER_HOME` where it is set, else the user's cache folder.

        Raises ConfigurationError where the path holds white space: shebangs, makefiles and pip's
        constraints split on it.
        """
        named = environ.get("PORTER_HOME", "")
        root = Path(named).expanduser().absolute() if named else user_cache_path("porter")
        if any(character.isspace() for character in str(root)):
            raise ConfigurationError(
                f"the cache folder {str(root)!r} has white space in its path",
                advice="set PORTER_HOME to a folder without",
            )
        return cls(root=root)

    @property
    def downloads(self) -> Path:
        """Fetched files, each in a folder named by its sha256."""
        return self.root / "downloads"

    @property
    def runtimes(self) -> Path:
        """Pyodide runtimes, each in a folder named by its npm integrity."""
        return self.root / "runtimes"

    @property
    def surfaces(self) -> Path:
        """Link surfaces of runtimes, each named by the hash of the runtime it was read from."""
        return self.root / "surfaces"

    @property
    def compressed(self) -> Path:
        """Files of runtimes as servers send them, each named by its hash and its coding."""
        return self.root / "compressed"

    @property
    def bytecode(self) -> Path:
        """Pure Python of the runtimes, compiled ahead; each named by the hash of what it was made of."""
        return self.root / "bytecode"

    @property
    def catalog(self) -> Path:
        """What runtimes and indexes told the report: standard libraries, pages, wheels' contents."""
        return self.root / "catalog"

    @property
    def reports(self) -> Path:
        """Reports on notebooks that were read before."""
        return self.root / "reports"

    @property
    def toolchains(self) -> Path:
        """Compilers with their cross-build environments."""
        return self.root / "toolchains"

    @property
    def crates(self) -> Path:
        """Crates of Debian's archive, and which of them each source was resolved to."""
        return self.root / "crates"

    @property
    def artefacts(self) -> Path:
        """Built wheels, each in a folder named by the hash of all that went into it."""
        return self.root / "artefacts"

    @property
    def environments(self) -> Path:
        """Python environments of programs that need one of their own."""
        return self.root / "environments"

    def interpreter(self, short: str) -> Path:
        """A link to the Python of a minor version that Porter does not run on.

        `porter toolchain install` leaves it.
        """
        return self.environments / f"python{short}"

    @property
    def tested(self) -> Path:
        """Wheels that were built to be tested."""
        return self.root / "tested"

    @property
    def work(self) -> Path:
        """Scratch copies of sources, one a build."""
        return self.root / "work"

    @property
    def logs(self) -> Path:
        """One log a build, a test run or an install."""
        return self.root / "logs"

    @property
    def ccache(self) -> Path:
        """The compiler cache."""
        return self.root / "ccache"

    def new_log(self, subject: str) -> Path:
        """A file for what is printed about `subject`; the newest few of a subject are kept."""
        self.logs.mkdir(parents=True, exist_ok=True)
        earlier = sorted(self.logs.glob(f"{subject}-[0-9]*.log"))
        for log in earlier[: 1 - LOGS_KEPT]:
            log.unlink(missing_ok=True)
        return self.logs / f"{subject}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"

    def lock(self, name: str) -> FileLock:
        """A lock between processes; `name` is a file name."""
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock")


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Write beside `target`, then rename onto it; after an error nothing is there.

    Yields the path to write. The bytes are on disk before the name is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Fill a folder beside `target`, then rename it; after an error nothing is there.

    The caller holds a lock on `target`: what an earlier, killed run left is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        yield beside
        if target.exists():
            shutil.rmtree(target)
        beside.replace(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """The hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
