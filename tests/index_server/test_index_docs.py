"""The pages about running an index say what the code says."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from index_server.settings import Login, Settings, Upstream, parse_settings

DOCS = Path(__file__).parents[2] / "docs"


def told_in(text: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `([\w-]+)` \| (?:`(.*?)`)? ?\|", text, re.MULTILINE))


def test_the_settings_are_all_there_with_their_defaults() -> None:
    page = (DOCS / "reference/index-settings.md").read_text()
    top, upstream, login = re.split(r"^## `\[\w+\]`$", page, flags=re.MULTILINE)
    for text, kind in ((top, Settings), (upstream, Upstream), (login, Login)):
        told = told_in(text)
        plain = [f for f in fields(kind) if f.name not in ("upstream", "login")]
        assert set(told) == {f.name.replace("_", "-") for f in plain}
        for name, shown in told.items():
            default = getattr(kind(), name.replace("-", "_"))
            value = tomllib.loads(f"value = {shown}")["value"] if shown else None
            assert value == (list(default) if isinstance(default, tuple) else default), name


def test_the_settings_that_are_shown_can_be_set() -> None:
    page = (DOCS / "how-to/run-an-index-in-production.md").read_text()
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        parse_settings(tomllib.loads(block))


def test_the_metrics_are_all_there() -> None:
    page = (DOCS / "how-to/run-an-index-in-production.md").read_text()
    source = (DOCS.parent / "index_server/web/metrics.py").read_text()
    real = set(re.findall(r'^    "(porter_index_\w+)"', source, re.MULTILINE))
    told = {name.removesuffix("_total") for name in re.findall(r"`(porter_index_\w+)`", page)}
    assert real <= told
