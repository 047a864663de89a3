"""What was found in a source tree, and what was only guessed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A value that build files suggest: `evidence` is the file, and the word in it."""

    value: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A source tree, by its own files.

    `name` and `version` are empty where no file tells them without being run; `backend` is the
    build system's name, `requires` its build requirements (PEP 518); `imports` the import names,
    `compiled` the files that declare extension modules. `host`, `run`, `executable` and `tests`
    are guesses.
    """

    name: str = ""
    version: str = ""
    backend: str = ""
    requires: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    compiled: tuple[str, ...] = ()
    host: tuple[Guess, ...] = ()
    run: tuple[Guess, ...] = ()
    executable: tuple[Guess, ...] = ()
    tests: tuple[Guess, ...] = ()
