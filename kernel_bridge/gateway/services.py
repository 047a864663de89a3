"""The services that notebooks may ask by name, as the settings say them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from kernel_bridge.errors import BadSettings
from kernel_bridge.gateway.errors import UnknownService
from kernel_bridge.gateway.secret import SecretPlace

PLACE = "c.PorterBridge.services"
SHEETS = "https://sheets.googleapis.com"
MEMORY = ":memory:"
HEADER = re.compile(r"[A-Za-z0-9-]+")
TIMEOUT = 300
QUERIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What each has: `timeout` in seconds, and how many `queries` one user may run at once."""

    name: str
    timeout: int = TIMEOUT
    queries: int = QUERIES


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlService(Service):
    """A PostgreSQL; its `dsn` is `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`."""

    dsn: SecretPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckdbService(Service):
    """A DuckDB over a file, or none; both `path` and `folders` are below the server's root.

    A query reads the files of `folders`, and no other. `memory` is bytes.
    """

    path: str = MEMORY
    folders: tuple[str, ...] = ()
    memory: int = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpService(Service):
    """A service by HTTP. The token goes into `header`: `Bearer TOKEN` in Authorization."""

    url: str
    token: SecretPlace | None = None
    header: str = "Authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsService(HttpService):
    """Google Sheets, or what speaks as it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlService(HttpService):
    """One address of GraphQL. `mutations` says whether notebooks may change something."""

    mutations: bool = False


KINDS: dict[str, type[Service]] = {
    "postgresql": PostgresqlService,
    "duckdb": DuckdbService,
    "googlesheets": SheetsService,
    "graphql": GraphqlService,
}
EVERY = {"kind", "timeout", "queries"}
FIELDS = {
    "postgresql": {"dsn-file", "dsn-env"},
    "duckdb": {"path", "folders", "memory"},
    "googlesheets": {"url", "token-file", "token-env"},
    "graphql": {"url", "token-file", "token-env", "header", "mutations"},
}


def parse_services(given: object) -> dict[str, Service]:
    """The trait `services`: names, each with an object; raises BadSettings with the field.

    No message has a value in it: it may be a secret that somebody wrote in the wrong place.
    """
    if not isinstance(given, Mapping):
        raise BadSettings(f"{PLACE} is no object", advice="it is names, each with an object")
    return {str(name): _service(str(name), value) for name, value in given.items()}


def find_service[S: Service](
    services: Mapping[str, Service], name: str | None, kinds: type[S] | tuple[type[S], ...]
) -> S:
    """A service of one of these kinds by its name, or the only one; raises UnknownService."""
    fitting = {key: one for key, one in services.items() if isinstance(one, kinds)}
    known = ", ".join(sorted(fitting)) or "none"
    if name is None and len(fitting) == 1:
        return next(iter(fitting.values()))
    if name is None or name not in fitting:
        asked = "no service is named" if name is None else f"there is no service {name[:80]!r}"
        raise UnknownService(asked, advice=f"write --on with a name that fits this magic: {known}")
    return fitting[name]


def kind_of(service: Service) -> str:
    """The word of the settings."""
    return next(kind for kind, made in KINDS.items() if type(service) is made)


def _service(name: str, value: object) -> Service:
    if not isinstance(value, Mapping):
        raise _bad(name, "is no object", "it is an object with the field `kind`")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise _bad(name, "has no kind that is known", f"kinds are {', '.join(KINDS)}")
    for field in value:
        if field not in FIELDS[kind] | EVERY:
            known = ", ".join(sorted(FIELDS[kind] | EVERY))
            raise _bad(name, f"has a field {field!r}", f"a {kind} has {known}")
    told: dict[str, Any] = {"name": name, **FIELDS_OF[kind](name, value)}
    for field in ("timeout", "queries", "memory"):
        if field in value:
            told[field] = _number(name, field, value[field])
    return KINDS[kind](**told)


def _postgresql(name: str, value: Mapping[str, object]) -> dict[str, object]:
    dsn = _secret(name, value, "dsn")
    if dsn is None:
        raise _bad(name, "has no dsn-file", "name a file with its address, or dsn-env")
    return {"dsn": dsn}


def _duckdb(name: str, value: Mapping[str, object]) -> dict[str, object]:
    folders = value.get("folders", ())
    if not isinstance(folders, list | tuple):
        raise _bad(name, "has folders that are no list", "folders are a list of paths")
    return {
        "path": _below(name, "path", value.get("path", MEMORY)),
        "folders": tuple(_below(name, "folders", folder) for folder in folders),
    }


def _http(name: str, value: Mapping[str, object]) -> dict[str, object]:
    given = value.get("url", SHEETS if value["kind"] == "googlesheets" else None)
    told: dict[str, object] = {"token": _secret(name, value, "token"), "url": _url(name, given)}
    for field, wanted in (("header", str), ("mutations", bool)):
        if field in value:
            if not isinstance(value[field], wanted):
                raise _bad(name, f"has a bad {field}", f"it is a {wanted.__name__}")
            told[field] = value[field]
    if not HEADER.fullmatch(str(told.get("header", "Authorization"))):
        raise _bad(name, "has a bad header", "it is the name of a header")
    return told


FIELDS_OF = {
    "postgresql": _postgresql,
    "duckdb": _duckdb,
    "googlesheets": _http,
    "graphql": _http,
}


def _secret(name: str, value: Mapping[str, object], field: str) -> SecretPlace | None:
    file, variable = value.get(f"{field}-file"), value.get(f"{field}-env")
    if file is not None and variable is not None:
        raise _bad(name, f"has both {field}-file and {field}-env", "keep one of them")
    if file is not None:
        if not isinstance(file, str) or not Path(file).is_absolute():
            raise _bad(name, f"has a bad {field}-file", "it is a file by its whole path")
        return SecretPlace(file=Path(file))
    if variable is not None:
        if not isinstance(variable, str) or not variable.isidentifier():
            raise _bad(name, f"has a bad {field}-env", "it is the name of a variable")
        return SecretPlace(variable=variable)
    return None


def _below(name: str, field: str, value: object) -> str:
    if value == MEMORY and field == "path":
        return MEMORY
    sound = isinstance(value, str) and value and "\0" not in value
    path = PurePosixPath(str(value))
    if not sound or path.is_absolute() or ".." in path.parts or str(value).startswith("~"):
        raise _bad(name, f"has a bad {field}", "paths are below the server's root, without `..`")
    return str(path)


def _url(name: str, value: object) -> str:
    wanted = "it is an address such as https://api.example.org/graphql, without a password"
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc or parts.fragment or not str(value).isascii():
        raise _bad(name, "has a bad url", wanted)
    return str(value).rstrip("/")


def _number(name: str, field: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _bad(name, f"has a bad {field}", "it is a number of at least 1")
    return value


def _bad(name: str, what: str, advice: str) -> BadSettings:
    return BadSettings(f"{PLACE}: {name!r} {what}", advice=advice)
