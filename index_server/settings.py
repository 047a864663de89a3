"""How one index is set up: `porter-index.toml` in its data folder, and the command line over it."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from index_server.errors import BadSettings

FILENAME = "porter-index.toml"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Reading(StrEnum):
    """Who may read: everybody, or who has a token or is logged in."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 # a setting's value


class OnFinding(StrEnum):
    """What becomes of a wheel that the link audit finds broken."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Which projects of the public index are served through this one; none by default.

    `allow` are project names, `*` stands for any text; `index` is the index's URL, empty for the
    one of pip's own configuration; `fresh` is for how many seconds an answer is not asked again.
    """

    allow: tuple[str, ...] = ()
    index: str = ""
    fresh: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An OpenID Connect provider for people; without `issuer` they log in with a token.

    `admins` are the addresses (claim `email`) that may do everything, `readers` those that may
    read: a name, or `*@example.org`.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    admins: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is set.

    `database` and `storage` are URLs (SQLAlchemy's, obstore's), empty for the data folder;
    `base_url` is what clients see, empty to take it from each request; `proxies` are the
    addresses whose `X-Forwarded-*` headers are believed; `origins` are web origins that may send
    cookies, such as `https://lab.example.org`; `reserved` are patterns of
    project names that never come from upstream; `largest` is the size of the largest file, in
    bytes; `compression` the largest ratio of a wheel's unpacked to its packed size, which counts
    from 64 MiB on.
    """

    data: str = "porter-index"
    host: str = "127.0.0.1"
    port: int = 8765
    workers: int = 1
    database: str = ""
    storage: str = ""
    storage_options: Mapping[str, str] | None = None
    base_url: str = ""
    proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    reading: Reading | None = None
    reserved: tuple[str, ...] = ()
    on_finding: OnFinding = OnFinding.REFUSE
    largest: int = 1 << 30
    compression: int = 50
    platforms: tuple[str, ...] = ()
    upstream: Upstream = Upstream()
    login: Login = Login()

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data)

    @property
    def database_url(self) -> str:
        """The database's URL: SQLite in the data folder unless one is set."""
        return self.database or f"sqlite:///{(self.folder / 'index.sqlite').absolute()}"

    @property
    def open_reading(self) -> bool:
        """Whether everybody may read: by default on the loopback interface only."""
        if self.reading is None:
            return self.host in LOOPBACK
        return self.reading is Reading.OPEN


def parse_settings(data: Mapping[str, Any], *, where: str = FILENAME) -> Settings:
    """The settings of a parsed document; raises BadSettings with the name of the field."""
    return _parse(Settings, data, where)


def read_settings(folder: Path, **given: object) -> Settings:
    """The settings file of a data folder, where there is one; what is `given` and not None wins."""
    path = folder / FILENAME
    data: dict[str, Any] = {}
    if path.is_file():
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadSettings(f"{path}: {error}") from error
    settings = replace(parse_settings(data, where=str(path)), data=str(folder))
    return replace(settings, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def dump_settings(settings: Settings) -> str:
    """The settings for another process."""
    return json.dumps(asdict(settings))


def load_settings(text: str) -> Settings:
    """What `dump_settings` wrote."""
    return parse_settings(json.loads(text), where="settings")


def _parse[T](kind: type[T], data: Mapping[str, Any], where: str) -> T:
    hints = get_type_hints(kind)
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for raw, value in data.items():
        name = raw.replace("-", "_")
        if name not in known:
            raise BadSettings(
                f"{where}: there is no setting {raw!r}",
                advice=f"there are {', '.join(sorted(known))}",
            )
        values[name] = _value(hints[name], value, f"{where}: {raw}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if value is None and type(None) in get_args(hint):
        return None
    options = [option for option in get_args(hint) if option is not type(None)]
    if options and type(None) in get_args(hint):
        hint = options[0]
    match hint:
        case type() if issubclass(hint, StrEnum):
            try:
                return hint(value)
            except ValueError:
                raise BadSettings(f"{where}: one of {', '.join(hint)}, not {value!r}") from None
        case type() if hint in (Upstream, Login) and isinstance(value, Mapping):
            return _parse(hint, value, where)
        case type() if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
            return value
    if getattr(hint, "__origin__", None) is tuple and isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values()):
        return dict(value)
    raise BadSettings(f"{where}: {value!r} is not what it takes")
