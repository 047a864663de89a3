"""Offers and tables of them, for tests of what is resolved."""

from collections.abc import Callable, Mapping, Sequence

from index_server.runtimes.offers import Offer


def offer(name: str, version: str, *requires: str) -> Offer:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return Offer(
        project=name,
        version=version,
        path=f"/files/00/{'0' * 62}/{filename}",
        filename=filename,
        sha256="0" * 64,
        requires=requires,
        imports=(name.replace("-", "_"),),
    )


def table(*offers: Offer) -> dict[str, list[Offer]]:
    """Offers by project, newest first."""
    found: dict[str, list[Offer]] = {}
    for one in sorted(offers, key=lambda one: one.parsed_version, reverse=True):
        found.setdefault(one.project, []).append(one)
    return found


def among(offers: Mapping[str, Sequence[Offer]]) -> Callable[[str], Sequence[Offer]]:
    return lambda name: offers.get(name, ())


def versions(pins: Mapping[str, Offer]) -> dict[str, str]:
    return {name: pin.version for name, pin in sorted(pins.items())}
