"""Git repositories of a test, on this machine."""

import subprocess
from pathlib import Path

WHO = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "init.defaultBranch=main"]
LOCAL = ["-c", "protocol.file.allow=always"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *WHO, *LOCAL, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit_all(folder: Path, message: str = "one") -> str:
    """Commit everything, in a repository made for it where there is none; the commit's name."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", message)
    return git(folder, "rev-parse", "HEAD")
