"""Whole objects by their path: in a folder, or in a bucket that speaks S3."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from porter.errors import MissingRequirement, NoSpace, StoreAway, UsageError
from porter.store.model import Stored

if TYPE_CHECKING:
    from obstore.store import ObjectStore

CHUNK = 1 << 20
# A bucket that is away is told of within about ten seconds. Large files go in parts, each a request.
CLIENT = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=60)}
RETRY = {"max_retries": 3, "retry_timeout": timedelta(seconds=6)}
FULL = ("No space left on device", "Disk quota exceeded", "File too large")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Objects of a store; every method raises StoreAway where it does not answer.

    An object appears as a whole or not at all, also where its writer is killed. `folder` is where
    they lie on this machine, None in a bucket.
    """

    within: "ObjectStore"
    folder: Path | None = None

    def read(self, path: str, *, limit: int) -> bytes | None:
        """All bytes, None where there is no such object; of one above `limit` bytes the first."""
        with _reaching():
            try:
                found = self.within.get(path)
            except FileNotFoundError:
                return None
            if found.meta["size"] <= limit:
                return found.bytes().to_bytes()
            return self.within.get_range(path, start=0, length=limit).to_bytes()

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes, some at a time; raises FileNotFoundError."""
        with _reaching():
            for chunk in self.within.get(path).stream(CHUNK):
                yield bytes(chunk)

    def stat(self, path: str) -> Stored | None:
        """What is there, None where nothing is."""
        with _reaching():
            try:
                meta = self.within.head(path)
            except FileNotFoundError:
                return None
        return Stored(path=path, size=int(meta["size"]), modified=meta["last_modified"])

    def put(self, path: str, content: Path | bytes) -> None:
        """Write an object, in place of what is there. Raises NoSpace too."""
        with _reaching(missing=True):
            self.within.put(path, content)

    def create(self, path: str, content: bytes) -> bool:
        """Write an object where none is; whether it was written. Raises NoSpace too.

        Not every bucket heeds the condition; those that do not write in any case.
        """
        from obstore.exceptions import AlreadyExistsError

        with _reaching(missing=True):
            try:
                self.within.put(path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def list(self, prefix: str) -> Iterator[Stored]:
        """Every object below a folder."""
        with _reaching():
            for batch in self.within.list(prefix):
                for meta in batch:
                    yield Stored(
                        path=str(meta["path"]),
                        size=int(meta["size"]),
                        modified=meta["last_modified"],
                    )

    def delete(self, path: str) -> None:
        """Remove an object, which may be gone already."""
        with _reaching():
            try:
                self.within.delete(path)
            except FileNotFoundError:
                return

    def forget_partial(self, before: datetime) -> int:
        """Remove what killed writers left behind in a folder before that time; how many files."""
        count = 0
        # The library writes beside an object, and adds a number after this mark.
        for path in self.folder.glob("*/**/*#*") if self.folder is not None else ():
            with suppress(FileNotFoundError), _reaching():
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    count += 1
        return count


def open_objects(where: str, env: Mapping[str, str]) -> Objects:
    """The objects of a folder, made where it is not there, or of a URL (`s3://BUCKET/PREFIX`).

    Endpoint and credentials are read from the environment of this process, which is `env`, as the
    provider's own tools do. Raises UsageError, StoreAway, MissingRequirement.
    """
    try:
        import obstore
        from obstore.exceptions import BaseError
    except ModuleNotFoundError as error:
        raise MissingRequirement(
            "a shared store needs the Python module obstore",
            advice="pip install 'porter-wasm[store]'",
        ) from error
    if "://" not in where:
        with _reaching():
            folder = Path(where).expanduser().absolute()
            return Objects(within=obstore.store.LocalStore(folder, mkdir=True), folder=folder)
    try:
        # The options of a store depend on its kind, which the URL says.
        within = obstore.store.from_url(  # type: ignore[call-overload]
            where,
            client_options={**CLIENT, **({"allow_http": True} if _in_the_clear(env) else {})},
            retry_config=RETRY,
        )
    except (BaseError, ValueError, TypeError) as error:
        raise UsageError(
            f"the store {where!r} cannot be used: {_first_line(error)}",
            advice="name a folder, or a bucket: s3://BUCKET/PREFIX",
        ) from error
    return Objects(within=within)


def _in_the_clear(env: Mapping[str, str]) -> bool:
    """Whether the environment says that a bucket is asked without TLS."""
    if env.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes"):
        return True
    return any(
        env.get(name, "").startswith("http://")
        for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    )


@contextmanager
def _reaching(*, missing: bool = False) -> Iterator[None]:
    """What the library says of a store, as an error of ours; `missing`: so of what is not there."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError) and not missing:
            raise
        text = str(error)
        if any(word in text for word in FULL):
            raise NoSpace("the store is full", advice="porter store gc") from error
        raise StoreAway(
            f"the store does not answer: {_first_line(error)}", advice="is it there, and may you?"
        ) from error


def _first_line(error: Exception) -> str:
    """The cause, without the library's own account of it."""
    text = str(error)
    first = text.partition("\n")[0].rpartition(" - ")[2]
    return (first.strip() or type(error).__name__)[:200]
