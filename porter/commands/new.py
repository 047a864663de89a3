"""`porter new`: a first recipe for a source."""

import argparse
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_json,
    add_platform,
    add_recipe_folders,
    print_json,
    recipe_folders,
)
from porter.platform import read_platform

if TYPE_CHECKING:
    from porter.new import Written


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "new", "write a first recipe for a source", run)
    parser.add_argument("name", metavar="NAME", help="the project")
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="SOURCE",
        help="a folder, an sdist file, an address, git+URL[@REF] or pkg:pypi/NAME[@VERSION]",
    )
    parser.add_argument("--force", action="store_true", help="in place of the one that is there")
    add_platform(parser)
    add_recipe_folders(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Write the recipe into the first folder of recipes."""
    from porter.new import write_recipe

    written = write_recipe(
        arguments.name,
        arguments.source,
        recipes=recipe_folders(arguments),
        platform=read_platform(arguments.platform),
        home=machine.home,
        env=machine.env,
        replaces=arguments.force,
    )
    if arguments.json:
        print_json(_json(written))
    else:
        _print(written)
    return 0


def _json(written: "Written") -> dict[str, object]:
    from porter.survey.render import used_guesses

    survey = written.survey
    tables = {"host": survey.host, "run": survey.run, "executable": survey.executable}
    return {
        "recipe": written.path,
        "name": written.name,
        "version": survey.version,
        "source": written.source,
        "build_system": survey.backend,
        "imports": survey.imports,
        "guesses": [
            {
                "field": field,
                "value": guess.value,
                "evidence": guess.evidence,
                "used": guess in used_guesses(field, guesses, written.known),
            }
            for field, guesses in tables.items()
            for guess in guesses
        ],
        "note": written.note,
    }


def _print(written: "Written") -> None:
    survey = written.survey
    what = " ".join(word for word in (written.name, survey.version) if word)
    print(f"{written.path}: {what}, {survey.backend or 'no build system recognised'}")
    guesses = [*survey.host, *survey.run, *survey.executable]
    if guesses:
        print(f"guessed, to be checked: {', '.join(guess.value for guess in guesses)}")
    if written.note:
        print(written.note)
    print(f"next: porter build {written.path.parent}")
