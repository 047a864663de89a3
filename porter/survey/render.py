"""A recipe.toml for a source that was surveyed; what was guessed says so in a comment."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from porter.survey.model import Guess, Survey

# Tables of which a value is written as a comment where no recipe has it: it would not be found.
NEEDS_RECIPE = ("host", "run")
COMMENT_LENGTH = 120


def render_recipe(
    survey: Survey, *, name: str, origin: str, source: Mapping[str, str], known: Collection[str]
) -> str:
    """The text of a recipe; `source` are the fields of its `[source]`.

    `known` are the projects that can be required: others that were guessed are comments.
    """
    lines = [_comment(f"{name} {survey.version}".strip() + f", from {origin}.")]
    backend = survey.backend or "none was recognised"
    lines.append(_comment(f"Build system: {backend}. What was guessed says so: check it."))
    if not survey.compiled:
        lines.append(_comment("No file declares an extension module: the wheel may be pure."))
    if survey.version:
        lines += ["", "[package]", f"version = {_string(survey.version)}"]
    lines += ["", "[source]", *(f"{field} = {_string(value)}" for field, value in source.items())]
    tables = {"host": survey.host, "run": survey.run, "executable": survey.executable}
    if any(tables.values()):
        lines += ["", "[requirements]"]
        for field, guesses in tables.items():
            lines += _requirements(field, guesses, known)
    if survey.imports or survey.tests:
        lines += ["", "[test]"]
    if survey.imports:
        lines.append(_list("imports", survey.imports))
    lines += [
        _comment(f"Guessed: its own tests are in {guess.evidence}: porter test --suite")
        for guess in survey.tests
    ]
    return "\n".join([*lines, ""])


def used_guesses(field: str, guesses: Sequence[Guess], known: Collection[str]) -> list[Guess]:
    """The guesses that a recipe takes, not only tells of."""
    return [guess for guess in guesses if field not in NEEDS_RECIPE or guess.value in known]


def _requirements(field: str, guesses: Sequence[Guess], known: Collection[str]) -> Iterator[str]:
    used = used_guesses(field, guesses, known)
    for guess in guesses:
        without = "" if guess in used else "; no recipe has it, so it is left out"
        yield _comment(f"Guessed: {field} {guess.value}, by {guess.evidence}{without}")
    if used:
        yield _list(field, [guess.value for guess in used])


def _list(field: str, values: Sequence[str]) -> str:
    return f"{field} = [{', '.join(_string(value) for value in values)}]"


def _string(text: str) -> str:
    # TOML's basic strings take JSON's escapes, but no half of a pair, and no DEL as it is.
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """One line, of what can be seen: file names and requirements come from strangers."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(plain.split())
    return f"# {line if len(line) <= COMMENT_LENGTH else f'{line[:COMMENT_LENGTH]}…'}"
