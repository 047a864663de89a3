"""A magic of somebody else's, which is built and loaded as the guide says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from cells import run
from driving import sit_down, write_notebook
from labs import serve_bridged
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[3]
UI = ROOT / "kernel_bridge" / "ui"
GUIDE = ROOT / "docs" / "how-to" / "write-a-cell-magic.md"
KERNELS = ("porter-browser", "python3")


def build_guide(folder: Path) -> Path:
    """The guide's extension as who reads it builds it; the folder that JupyterLab is given."""
    guide = GUIDE.read_text()
    blocks = re.findall(r"```(ts|json)\n(.*?)```", guide, re.DOTALL)
    names = ("src/index.ts", "package.json", "tsconfig.json")
    (folder / "src").mkdir(parents=True)
    for name, (_, text) in zip(names, blocks, strict=True):
        (folder / name).write_text(text)
    # `npm install`, from what is installed here already.
    modules = folder / "node_modules"
    modules.mkdir()
    for one in (UI / "node_modules").iterdir():
        (modules / one.name).symlink_to(one)
    (modules / "porter-kernel-bridge").symlink_to(UI)
    scripts = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
    command = ["npm", "run", "build"]
    built = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "labextensions" / "shout"


def test_a_magic_of_somebody_elses(browser: Browser, tmp_path: Path) -> None:
    built = build_guide(tmp_path / "shout")
    with (
        serve_bridged(tmp_path / "lab", extensions=built.parent) as lab,
        sit_down(browser, lab) as at,
    ):
        for kernel in KERNELS:
            path = write_notebook(at.lab.folder, f"shout-{kernel}.ipynb", [""], kernel=kernel)
            at.open(path)
            shown = run(at, "%%shout word\nhello", "print(word)", "%%shout\nx")

            assert shown[0].strip() == "HELLO"
            assert shown[1].strip() == "HELLO"
            assert shown[2].startswith("NoName: ")
        at.tidy_up()
