"""An audit of a file, as its recipe asks for, in a few words."""

from pathlib import Path

import pytest
from audit.corpus import make_wheel

from porter.audit.surface import LinkSurface
from porter.audited import audit_file, open_wheel, summarise
from porter.errors import ConfigurationError
from porter.platform import Platform
from porter.recipe import Recipe


def test_the_recipes_budget_and_what_it_allows(
    platform: Platform, surface: LinkSurface, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""})

    def judge(recipe: Recipe) -> str:
        return summarise(audit_file(wheel, platform=platform, surface=surface, recipe=recipe))

    assert judge(Recipe(name="m")) == "clean"
    assert judge(Recipe(name="m", size=10)) == "1 warning"
    allowed = Recipe(name="m", size=10, allow=(("over-budget", "maps"),))
    assert judge(allowed) == "clean, 1 allowed"


def test_a_file_that_is_no_wheel(platform: Platform, surface: LinkSurface, tmp_path: Path) -> None:
    broken = tmp_path / "m-1.0-py3-none-any.whl"
    broken.write_bytes(b"no zip")
    audit = audit_file(broken, platform=platform, surface=surface, recipe=Recipe(name="m"))
    assert [finding.code for finding in audit.blocking] == ["not-a-wheel"]
    with pytest.raises(ConfigurationError, match="it is not a wheel"):
        open_wheel(broken)
