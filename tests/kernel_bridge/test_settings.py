import pytest

from kernel_bridge.errors import BadSettings
from kernel_bridge.extension import PorterBridge
from kernel_bridge.settings import BridgeSettings, parse_settings


def given(**settings: object) -> dict[str, object]:
    return {**PorterBridge()._given(), **settings}


def test_what_is_not_given_is_the_default() -> None:
    assert parse_settings(given()) == BridgeSettings()


def test_what_is_given_is_parsed() -> None:
    settings = parse_settings(
        given(
            index="https://wheels.example.org/",
            index_token="a.b-c",  # noqa: S106 # of no index
            platform="314.0.7",
            packages=["pandas"],
            hosts=["API.example.org:8443"],
            services={"sales": {"kind": "duckdb"}},
        )
    )
    assert settings.index == "https://wheels.example.org"
    assert settings.runtime_base == "https://wheels.example.org/t/a.b-c/r/314"
    assert settings.platform == "314"
    assert settings.hosts == ("api.example.org:8443",)
    assert "a.b-c" not in repr(settings)


BAD: list[tuple[dict[str, object], str]] = [
    ({"index": "wheels.example.org"}, "c.PorterBridge.index is 'wheels.example.org'"),
    ({"index": "file:///wheels"}, "c.PorterBridge.index is"),
    ({"index": "http://[::1"}, "c.PorterBridge.index is"),
    ({"index": "https://wheels.example.org/?a=1"}, "c.PorterBridge.index is"),
    ({"index": "https://u:secret@wheels.example.org"}, "has a user's name in it"),
    ({"index_token": "a/../b"}, "c.PorterBridge.index_token is no token"),
    ({"platform": "0.1"}, "c.PorterBridge.platform: no platform '0.1'"),
    ({"browser_kernel": "a b"}, "c.PorterBridge.browser_kernel is 'a b'"),
    ({"browser_kernel": "python3"}, "c.PorterBridge.browser_kernel is 'python3'"),
    ({"hosts": ["https://api.example.org"]}, "c.PorterBridge.hosts is"),
    ({"hosts": ["api.example.org/x"]}, "c.PorterBridge.hosts is"),
    ({"rows_limit": 0}, "c.PorterBridge.rows_limit is 0"),
    ({"carry_limit": -1}, "c.PorterBridge.carry_limit is -1"),
    ({"services": {"sales": 1}}, "c.PorterBridge.services: 'sales' is no object"),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_what_cannot_be_read_is_refused_with_its_name(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(BadSettings) as refused:
        parse_settings(given(**settings))
    assert message in refused.value.message
    assert refused.value.advice
    assert "secret" not in refused.value.message
