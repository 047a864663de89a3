import pytest

from compat_report.deciding.lock_address import lock_place, lock_query, without_secrets
from compat_report.reported import ResolvedFile
from porter.platform import read_platform


def wheel(name: str, version: str, origin: str) -> ResolvedFile:
    return ResolvedFile(name=name, version=version, filename="", origin=origin)


OWN = wheel("acme-tools", "2.0+local", "index")
NUMPY = wheel("numpy", "2.2.5", "lock")


@pytest.mark.parametrize(
    ("wheels", "expected"),
    [
        ((), ""),
        ((NUMPY, OWN), "requirements=acme-tools==2.0%2Blocal,numpy==2.2.5"),
        ((OWN, NUMPY), "requirements=acme-tools==2.0%2Blocal,numpy==2.2.5"),
        ((OWN, wheel("six", "1.17.0", "pypi")), ""),
        ((wheel("six", "1.17.0", "url"),), ""),
        ((wheel("piplite", "0.8.6", "kernel"),), ""),
        ((wheel("lib", "not a version", "lock"),), ""),
        ((wheel("lib&files=relative", "1", "index"),), ""),
    ],
)
def test_only_what_an_index_has_is_asked_of_it(
    wheels: tuple[ResolvedFile, ...], expected: str
) -> None:
    assert lock_query(wheels) == expected


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("https://wheels.example.org", "https://wheels.example.org/r/0.29/pyodide-lock.json"),
        (
            "https://__token__:secret@wheels.example.org/t/secret/r/314/simple/",
            "https://wheels.example.org/r/0.29/pyodide-lock.json",
        ),
        (
            "https://example.org/wheels/t/secret/?secret#secret",
            "https://example.org/wheels/r/0.29/pyodide-lock.json",
        ),
        ("https://wheels.example.org/simple/", ""),
    ],
)
def test_an_address_is_told_without_what_lets_one_in(index: str, expected: str) -> None:
    assert without_secrets(lock_place(index, read_platform("0.29"))) == expected
