# The little of IPython that the corpus uses, for a runtime that has none.
import builtins
import sys
from pathlib import Path

ORIGINAL = dict(vars(builtins))
MODULES = set(sys.modules)
FILES = set(Path().rglob("*"))


class Shell:
    def __init__(self, namespace):
        self.namespace = namespace

    def run_line_magic(self, name, line, *_):
        if name == "time":
            exec(line, self.namespace)
        elif name not in ("pip", "matplotlib", "load_ext"):
            raise NameError(f"no magic {name}")

    def run_cell_magic(self, name, line, body):
        if name == "time":
            exec(body, self.namespace)
        elif name == "writefile":
            Path(line).write_text(body)
        elif name not in ("html", "javascript"):
            raise OSError(f"a browser has no {name}")

    def system(self, line):
        if not line.startswith("pip install"):
            raise OSError(f"a browser has no shell: {line}")

    getoutput = system


class Micropip:
    async def install(self, *_):
        """The wheels are there already."""


def new_namespace():
    namespace = {"__name__": "__main__"}
    shell = Shell(namespace)
    namespace["get_ipython"] = lambda: shell
    sys.modules["micropip"] = Micropip()
    return namespace


def reset():
    vars(builtins).update(ORIGINAL)
    for name in set(sys.modules) - MODULES:
        if name.split(".")[0] in ("cleaning", "toolbox", "workers", "greeting"):
            del sys.modules[name]
    for path in set(Path().rglob("*")) - FILES:
        if path.is_file():
            path.unlink()
# mypy: ignore-errors
