"""The bridge's settings, as `jupyter_server_config` gives them, parsed once into values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kernel_bridge.errors import BadSettings
from kernel_bridge.gateway.services import Service, parse_services
from porter.errors import UnknownPlatform
from porter.platform import read_platform

MEBIBYTE = 1 << 20
# Where in a configuration file they stand.
PLACE = "c.PorterBridge"
HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
# What `porter index token` gives, and what can stand in an address as it is.
TOKEN = re.compile(r"[A-Za-z0-9_.-]+")
# A kernelspec's name, as jupyter_client has it.
KERNEL = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """What the server extension needs to know.

    `index` is the private index's address without a trailing slash, `index_token` a token that may
    read it where it is closed, `platform` a short name of `porter platforms`. `packages` are
    projects that a browser kernel has from its start. `hosts` are those that the gateway may ask,
    as `host` or `host:port`. Sizes are bytes. `isolated` is whether pages are cross-origin isolated,
    `spare` whether each keeps one browser kernel ready that no notebook has yet.
    """

    index: str | None = None
    index_token: str = field(default="", repr=False)
    platform: str = "314"
    browser_kernel: str = "porter-browser"
    server_kernel: str = "python3"
    packages: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    rows_limit: int = 1_000_000
    bytes_limit: int = 256 * MEBIBYTE
    carry_limit: int = 256 * MEBIBYTE
    services: Mapping[str, Service] = field(default_factory=dict)
    isolated: bool = True
    spare: bool = True

    @property
    def index_base(self) -> str | None:
        """The index's address as who reads it writes it: with the path token where there is one."""
        if self.index is None or not self.index_token:
            return self.index
        return f"{self.index}/t/{self.index_token}"

    @property
    def runtime_base(self) -> str | None:
        """The index's address of the platform, `…/r/314`."""
        return None if self.index is None else f"{self.index_base}/r/{self.platform}"


def parse_settings(given: Mapping[str, object]) -> BridgeSettings:
    """The settings of the traits of `PorterBridge`, by name; raises BadSettings."""
    texts = {name: str(given[name]) for name in ("platform", "browser_kernel", "server_kernel")}
    for name in ("browser_kernel", "server_kernel"):
        if not KERNEL.fullmatch(texts[name]):
            raise _bad(name, texts[name], "the name of a kernelspec: letters, digits, . _ -")
    if texts["browser_kernel"] == texts["server_kernel"]:
        raise _bad("browser_kernel", texts["browser_kernel"], "another name than server_kernel")
    return BridgeSettings(
        index=parse_index(str(given["index"])),
        index_token=_token(str(given["index_token"])),
        platform=_platform(texts["platform"]),
        browser_kernel=texts["browser_kernel"],
        server_kernel=texts["server_kernel"],
        packages=_texts(given["packages"]),
        hosts=tuple(_host(one) for one in _texts(given["hosts"])),
        rows_limit=_limit("rows_limit", given["rows_limit"]),
        bytes_limit=_limit("bytes_limit", given["bytes_limit"]),
        carry_limit=_limit("carry_limit", given["carry_limit"]),
        services=parse_services(given["services"]),
        isolated=bool(given["isolated"]),
        spare=bool(given["spare"]),
    )


def parse_index(text: str) -> str | None:
    """The address of an index without a slash at its end, None for ""; raises BadSettings."""
    if not text:
        return None
    wanted = "an address such as https://wheels.example.org"
    try:
        parsed = urlsplit(text)
        sound = parsed.scheme in ("http", "https") and parsed.hostname and parsed.port != 0
    except ValueError as error:
        raise _bad("index", text, wanted) from error
    if not sound or parsed.query or parsed.fragment or any(map(str.isspace, text)):
        raise _bad("index", text, wanted)
    if parsed.username is not None or parsed.password is not None:
        # The text is not told: it has a password in it.
        raise BadSettings(
            f"{PLACE}.index has a user's name in it",
            advice=f"write the address alone, and a token that may read as {PLACE}.index_token",
        )
    return text.rstrip("/")


def _token(text: str) -> str:
    if text and not TOKEN.fullmatch(text):
        raise BadSettings(
            f"{PLACE}.index_token is no token", advice="make one with `porter index token path`"
        )
    return text


def _platform(text: str) -> str:
    try:
        return read_platform(text).name
    except UnknownPlatform as error:
        raise BadSettings(f"{PLACE}.platform: {error}", advice=error.advice) from error


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise _bad("hosts", text, "`host` or `host:port`, without a scheme or a path")
    return text.lower()


def _limit(name: str, value: object) -> int:
    if not isinstance(value, int) or value < 1:
        raise _bad(name, value, "a number of at least 1")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def _bad(name: str, value: object, wanted: str) -> BadSettings:
    return BadSettings(f"{PLACE}.{name} is {value!r}", advice=f"it is {wanted}")
