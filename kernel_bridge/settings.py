"""The bridge's settings, as `jupyter_server_config` gives them, parsed once into values."""

from dataclasses import dataclass, field

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """What the server extension needs to know.

    `index` is the private index's address without a trailing slash, `platform` a short name of
    `porter platforms`. `hosts` are those that the gateway may ask, as `host` or `host:port`.
    Sizes are bytes.
    """

    index: str | None = None
    platform: str = "314"
    browser_kernel: str = "porter-browser"
    server_kernel: str = "python3"
    hosts: tuple[str, ...] = ()
    rows_limit: int = 1_000_000
    bytes_limit: int = 256 * MEBIBYTE
    carry_limit: int = 256 * MEBIBYTE
    services: dict[str, str] = field(default_factory=dict)
