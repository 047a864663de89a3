"""The settings file: what it may say, and what it is told otherwise."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from index_server.errors import BadSettings
from index_server.settings import (
    Login,
    OnFinding,
    Reading,
    Settings,
    Upstream,
    dump_settings,
    load_settings,
    parse_settings,
    read_settings,
)

EVERYTHING = """
host = "0.0.0.0"
port = 80
workers = 4
database = "postgresql://porter@db/index"
storage = "s3://wheels/index"
base-url = "https://wheels.example.org"
proxies = ["10.0.0.1"]
origins = ["https://lab.example.org"]
reading = "token"
reserved = ["acme-*"]
on-finding = "quarantine"
largest = 1000000
compression = 20
platforms = ["0.29"]

[storage-options]
endpoint = "http://127.0.0.1:9000"

[upstream]
allow = ["numpy", "pandas*"]
index = "https://packages.example.org/simple/"
fresh = 60

[login]
issuer = "https://id.example.org"
client-id = "porter"
client-secret-file = "/run/secrets/porter"
admins = ["ann@example.org"]
readers = ["*@example.org"]
"""


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "porter-index.toml").write_text(EVERYTHING)
    settings = read_settings(tmp_path)
    assert settings == Settings(
        data=str(tmp_path),
        host="0.0.0.0",  # noqa: S104 # a value
        port=80,
        workers=4,
        database="postgresql://porter@db/index",
        storage="s3://wheels/index",
        storage_options={"endpoint": "http://127.0.0.1:9000"},
        base_url="https://wheels.example.org",
        proxies=("10.0.0.1",),
        origins=("https://lab.example.org",),
        reading=Reading.TOKEN,
        reserved=("acme-*",),
        on_finding=OnFinding.QUARANTINE,
        largest=1_000_000,
        compression=20,
        platforms=("0.29",),
        upstream=Upstream(
            allow=("numpy", "pandas*"), index="https://packages.example.org/simple/", fresh=60
        ),
        login=Login(
            issuer="https://id.example.org",
            client_id="porter",
            client_secret_file="/run/secrets/porter",  # noqa: S106 # a path
            admins=("ann@example.org",),
            readers=("*@example.org",),
        ),
    )
    untouched = {f.name for f in fields(Settings) if getattr(settings, f.name) == f.default}
    assert untouched == set(), "the example sets everything"


def test_another_process_gets_the_same(tmp_path: Path) -> None:
    (tmp_path / "porter-index.toml").write_text(EVERYTHING)
    for settings in (Settings(), read_settings(tmp_path), Settings(reading=Reading.OPEN)):
        assert load_settings(dump_settings(settings)) == settings


def test_without_a_file(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == Settings(data=str(tmp_path))
    assert read_settings(tmp_path, port=1, host=None) == Settings(data=str(tmp_path), port=1)


def test_what_is_given_wins(tmp_path: Path) -> None:
    (tmp_path / "porter-index.toml").write_text('port = 1\nhost = "::1"\n')
    settings = read_settings(tmp_path, port=2)
    assert (settings.port, settings.host) == (2, "::1")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"prot": 1}, "there is no setting 'prot'"),
        ({"upstream": {"alow": []}}, "there is no setting 'alow'"),
        ({"login": {"secret": "x"}}, "there is no setting 'secret'"),
        ({"port": "1"}, "port: '1' is not what it takes"),
        ({"port": True}, "port: True is not what it takes"),
        ({"port": 1.5}, "port: 1.5 is not what it takes"),
        ({"host": 1}, "host: 1 is not what it takes"),
        ({"host": None}, "host: None is not what it takes"),
        ({"proxies": "10.0.0.1"}, "proxies: '10.0.0.1' is not what it takes"),
        ({"proxies": [1]}, "proxies: [1] is not what it takes"),
        ({"reading": "nobody"}, "reading: one of open, token, not 'nobody'"),
        ({"reading": []}, "reading: one of open, token, not []"),
        ({"on-finding": "shrug"}, "on-finding: one of refuse, quarantine, accept, not 'shrug'"),
        ({"storage-options": {"a": 1}}, "storage-options: {'a': 1} is not what it takes"),
        ({"storage-options": "a"}, "storage-options: 'a' is not what it takes"),
        ({"upstream": "x"}, "upstream: 'x' is not what it takes"),
        ({"upstream": {"allow": "numpy"}}, "allow: 'numpy' is not what it takes"),
    ],
)
def test_what_cannot_be_set(data: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings) as refused:
        parse_settings(data, where="here")
    assert refused.value.message.startswith("here")
    assert said in refused.value.message


@pytest.mark.parametrize("content", [b"port =", b"\xff\xfe", b"port = 1\nport = 2\n"])
def test_a_file_that_is_no_toml(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "porter-index.toml").write_bytes(content)
    with pytest.raises(BadSettings, match=r"porter-index\.toml"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("host", "reading", "opened"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("0.0.0.0", None, False),  # noqa: S104 # a value
        ("10.0.0.1", None, False),
        ("10.0.0.1", Reading.OPEN, True),
        ("127.0.0.1", Reading.TOKEN, False),
    ],
)
def test_who_may_read(host: str, reading: Reading | None, opened: bool) -> None:
    assert Settings(host=host, reading=reading).open_reading is opened


def test_where_the_database_is(tmp_path: Path) -> None:
    assert Settings(data=str(tmp_path)).database_url == f"sqlite:///{tmp_path / 'index.sqlite'}"
    assert Settings(database="postgresql://h/n").database_url == "postgresql://h/n"
