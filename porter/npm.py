"""Packages of the npm registry, fetched by the npm client as it is configured."""

import base64
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from packageurl import PackageURL

from porter.archive import unpack_tar
from porter.errors import CommandFailed, HashMismatch, Unreachable
from porter.home import Home, new_folder
from porter.process import read_tail, run


def fetch_npm_package(
    purl: str, *, integrity: str, home: Home, into: Path, env: Mapping[str, str]
) -> Path:
    """The folder of an npm package: fetched once, its integrity checked, kept by content.

    `integrity` is npm's (`sha512-` and base64, W3C Subresource Integrity). Raises Unreachable
    where the registry does not answer, HashMismatch where it sends other bytes.
    """
    name = _digest(integrity).hex()[:32]
    target = into / name
    if target.is_dir():
        return target
    with home.lock(f"npm-{name}"):
        if target.is_dir():
            return target
        home.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="npm-", dir=home.root) as scratch:
            tarball = _pack(purl, Path(scratch), log=home.logs / f"npm-{name}.log", env=env)
            found = hashlib.sha512(tarball.read_bytes()).digest()
            if found != _digest(integrity):
                raise HashMismatch(
                    f"{purl}: its sha512 is {base64.b64encode(found).decode()}, not the one promised",
                    advice="the registry sent other bytes: do not use them; ask who runs it",
                )
            with new_folder(target) as folder:
                unpack_tar(tarball, folder, strip=1)
    return target


def _pack(purl: str, folder: Path, *, log: Path, env: Mapping[str, str]) -> Path:
    parsed = PackageURL.from_string(purl)
    name = f"{parsed.namespace}/{parsed.name}" if parsed.namespace else parsed.name
    command = ["npm", "pack", f"{name}@{parsed.version}", "--pack-destination", str(folder)]
    # npm waits ten seconds and more between its tries; a registry that is away is told sooner.
    command += [
        "--fetch-retries=2",
        "--fetch-retry-mintimeout=500",
        "--fetch-retry-maxtimeout=2000",
    ]
    try:
        run([*command, "--ignore-scripts", "--loglevel=error"], log=log, env=env, cwd=folder)
    except CommandFailed as error:
        # npm's very last line tells where its own log is.
        lines = [line for line in read_tail(log) if line.strip() and "complete log" not in line]
        last = (lines or [""])[-1]
        raise Unreachable(
            f"{purl} could not be fetched from the npm registry: {last.strip()}",
            advice="check the network and `npm config get registry`",
            log=log,
        ) from error
    return next(folder.glob("*.tgz"))


def _digest(integrity: str) -> bytes:
    algorithm, _, value = integrity.partition("-")
    if algorithm != "sha512":
        raise ValueError(f"an npm integrity is sha512, not {algorithm}")
    return base64.b64decode(value)
