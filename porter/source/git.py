"""A repository at a commit, as an archive of its files and those of its submodules."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from porter.errors import CommandFailed, SourceNotFound, Unreachable
from porter.home import Home, new_file
from porter.pack import pack_files, walk_files
from porter.process import read_tail, run
from porter.source.model import Git
from porter.source.parse import COMMIT, GIT, parse_git

PROTOCOLS = "https:http:ssh:git"
# What a server says that does not give commits by their name.
UNNAMED = ("not our ref", "unadvertised object", "couldn't find remote ref")


def fetch_git(git: Git, *, home: Home, env: Mapping[str, str]) -> Path:
    """The archive of a commit, kept by the commit's name.

    The same commit gives the same bytes anywhere. Raises Unreachable where the repository does
    not answer, SourceNotFound where it has no such commit.
    """
    target = home.downloads / f"git-{git.commit}" / f"{git.commit}.tar"
    if target.is_file():
        return target
    log = home.new_log(f"git-{git.commit[:12]}")
    home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="git-", dir=home.work) as scratch:
        folder = Path(scratch) / "repository"
        _check_out(git, folder, log, env)
        with new_file(target) as file:
            pack_files(folder, walk_files(folder, without=".git"), file, top=git.commit)
    return target


def find_commit(text: str, *, home: Home, env: Mapping[str, str]) -> str:
    """`git+URL@COMMIT` of `git+URL`, `git+URL@BRANCH` or `git+URL@TAG`, as the repository has it.

    Raises Unreachable where it does not answer, SourceNotFound where it has no such name.
    """
    # A user's name stands before the last part of an address, a ref after it.
    base, slash, last = text.removeprefix(GIT).rpartition("/")
    last, _, ref = last.partition("@")
    if COMMIT.fullmatch(ref):
        return text
    git = parse_git(f"{GIT}{base}{slash}{last}@{'0' * 40}")
    ref = ref or "HEAD"
    log = home.new_log("git-ls-remote")
    said: list[str] = []
    try:
        run(
            ["git", "ls-remote", "--", git.url, ref, f"{ref}^{{}}"],
            log=log,
            env=_git_env(env, local=is_local(git)),
            on_line=said.append,
        )
    except CommandFailed as error:
        raise _unreachable(git.url, log) from error
    # Of a tag that is an object of its own the commit comes last.
    commits = [line.partition("\t")[0] for line in said if COMMIT.match(line)]
    if not commits:
        raise SourceNotFound(f"{git.url} has no branch or tag {ref}", log=log)
    return f"{GIT}{git.url}@{commits[-1]}"


def _check_out(git: Git, folder: Path, log: Path, env: Mapping[str, str]) -> None:
    local = is_local(git)
    env = _git_env(env, local=local)
    options = [
        "-c",
        f"protocol.file.allow={'always' if local else 'never'}",
        "-c",
        "advice.detachedHead=false",
    ]
    options += ["-c", "core.hooksPath=/dev/null"]

    def call(*words: str) -> None:
        run(["git", *options, *words], log=log, env=env, cwd=folder)

    folder.mkdir(parents=True)
    try:
        call("init", "--quiet")
        call("remote", "add", "origin", git.url)
        try:
            call("fetch", "--quiet", "--depth=1", "origin", git.commit)
        except CommandFailed:
            if not any(word in line for line in _complaints(log) for word in UNNAMED):
                raise
            call("fetch", "--quiet", "--tags", "origin", "+refs/*:refs/remotes/origin/*")
        call("checkout", "--quiet", "--detach", git.commit)
        call("submodule", "--quiet", "update", "--init", "--recursive")
    except CommandFailed as error:
        lines = _complaints(log)
        if any(
            word in line
            for line in lines
            for word in (*UNNAMED, "unable to read tree", "not a tree")
        ):
            raise SourceNotFound(f"{git.url} has no commit {git.commit}", log=log) from error
        raise _unreachable(str(git), log) from error


def is_local(git: Git) -> bool:
    """Whether the repository lies on this machine."""
    return git.url.startswith(("file:", "/"))


def _git_env(env: Mapping[str, str], *, local: bool) -> dict[str, str]:
    # Of a repository on this machine the submodules may lie here too; no other reads its files.
    return {
        **env,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": f"{PROTOCOLS}:file" if local else PROTOCOLS,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _unreachable(what: str, log: Path) -> Unreachable:
    lines = _complaints(log)
    said = lines[-1].partition(": ")[2] if lines else "git failed"
    return Unreachable(
        f"{what} cannot be fetched: {said}",
        advice="check the address and the network, and that git may read it without asking",
        log=log,
    )


def _complaints(log: Path) -> list[str]:
    """What the last command of the log said of its failure."""
    lines: list[str] = []
    for line in read_tail(log):
        if line.startswith("$ git"):
            lines.clear()
        elif line.startswith(("fatal:", "error:")):
            lines.append(line)
    return lines
