"""A program: `pyodide build` and `pyodide build-recipes-no-deps`, as pyodide-build declares them.

`pyodide` itself imports the commands of all its plug-ins before it runs one, which takes as long
again as the one that is wanted. This file is run by the Python that pyodide-build is installed for, without
its own folder among what can be imported (`-P`): nothing of Porter's is there.
"""

import sys


def main() -> None:
    """Run the command that is the first argument, with those that follow."""
    command = sys.argv.pop(1)
    if command == "build":
        from pyodide_build.cli.build import main as run  # type: ignore[import-untyped]
    else:
        from pyodide_build.cli.build_recipes import (  # type: ignore[import-untyped]
            build_recipes_no_deps as run,
        )
    run()


if __name__ == "__main__":
    main()
