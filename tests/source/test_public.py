"""Where a source can be had, as a wheel tells everybody."""

from pathlib import Path

import pytest
from packageurl import PackageURL

from porter.recipe import Recipe
from porter.source import Source
from porter.source.model import Address, Debian, Git

COMMIT = "0" * 40


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (Path("/home/me/project"), ""),
        (PackageURL.from_string("pkg:pypi/a@1?repository_url=https://me:pw@x.org"), "pkg:pypi/a@1"),
        (Address(url="https://x.org/a-1.tar.gz"), "https://x.org/a-1.tar.gz"),
        (Address(url="https://me:pw@x.org/a-1.tar.gz"), "https://x.org/a-1.tar.gz"),
        (Address(url="https://token@x.org:8080/a@b.gz"), "https://x.org:8080/a@b.gz"),
        (Debian(name="a", tag="1-2"), "pkg:deb/debian/a@1-2?arch=source"),
        (Git(url="https://token@x.org/a", commit=COMMIT), f"git+https://x.org/a@{COMMIT}"),
        (Git(url="ssh://git@x.org/a", commit=COMMIT), f"git+ssh://git@x.org/a@{COMMIT}"),
        (Git(url="ssh://git:pw@x.org/a", commit=COMMIT), f"git+ssh://x.org/a@{COMMIT}"),
    ],
)
def test_what_a_wheel_tells_of_its_source(
    origin: Path | PackageURL | Address | Git | Debian, told: str
) -> None:
    assert Source(recipe=Recipe(name="a"), origin=origin).public == told
