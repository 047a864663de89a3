import pytest

from index_server.settings import Settings
from index_server.web.address import find_base

PROXY = Settings(proxies=("10.0.0.1",))
FORWARDED = {
    "host": "inside:8765",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "wheels.example.org",
    "x-forwarded-prefix": "/index/",
}


def base(settings: Settings, headers: dict[str, str], client: str = "10.0.0.1") -> str:
    scope = {"scheme": "http", "client": (client, 1), "server": ("127.0.0.1", 8765)}
    return find_base(settings, headers, scope)


def test_the_request_tells_the_address() -> None:
    assert base(Settings(), {"host": "a.example:81"}) == "http://a.example:81"
    assert base(Settings(), {"host": "[::1]:81"}) == "http://[::1]:81"


def test_a_proxy_that_is_believed_tells_the_address() -> None:
    assert base(PROXY, FORWARDED) == "https://wheels.example.org/index"


def test_several_proxies_are_a_list_whose_first_is_the_clients() -> None:
    headers = {**FORWARDED, "x-forwarded-proto": "https, http", "x-forwarded-host": "a.example, b"}
    assert base(PROXY, headers) == "https://a.example/index"


def test_nobody_else_is_believed() -> None:
    assert base(PROXY, FORWARDED, client="10.0.0.2") == "http://inside:8765"
    assert base(Settings(), FORWARDED) == "http://inside:8765"


def test_the_settings_win() -> None:
    settings = Settings(base_url="https://wheels.example.org/", proxies=("10.0.0.1",))
    assert base(settings, FORWARDED) == "https://wheels.example.org"


@pytest.mark.parametrize(
    "host", ["", 'a"b', "a b", "a/b", "a\r\nx: y", "user@a", "a:port", "<script>", "ä.example"]
)
def test_no_other_character_gets_into_an_address(host: str) -> None:
    assert base(Settings(), {"host": host}) == "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-host", 'x"><script>'),
        ("x-forwarded-prefix", '/"><script>'),
        ("x-forwarded-prefix", "//evil.example/.."),
    ],
)
def test_a_proxy_cannot_put_markup_into_an_address(name: str, value: str) -> None:
    found = base(PROXY, {**FORWARDED, name: value})
    assert value not in found
    assert found.startswith(("http://", "https://"))
