"""Packages of another suite of Debian, verified by apt, without touching the system's own."""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from porter.errors import CommandFailed, HashMismatch, MissingRequirement, Unreachable
from porter.home import hash_file
from porter.process import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """One binary package of the suite: `size` in bytes, `sha256` from the signed index."""

    name: str
    version: str
    filename: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A private apt, rooted in `folder`, that knows one suite."""

    name: str
    folder: Path
    log: Path
    env: Mapping[str, str]

    def update(self) -> None:
        """Fetch the suite's index from the first archive that has it, checking its signature.

        Raises Unreachable where no configured archive does.
        """
        if not KEYRING.is_file():
            raise MissingRequirement(
                f"{KEYRING} is not there: packages could not be verified",
                advice="as root: apt-get install debian-archive-keyring",
            )
        for part in ("lists/partial", "cache/archives/partial", "debs", "empty"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        archives = configured_archives(self.env)
        for archive in archives:
            self._configure(archive)
            try:
                run(["apt-get", "update", "--error-on=any"], log=self.log, env=self._env())
            except CommandFailed:
                continue
            return
        raise Unreachable(
            f"Debian's archive could not be reached for {self.name}",
            advice="check the network and /etc/apt/sources.list*",
            log=self.log,
        )

    def plan(self, packages: Sequence[str]) -> list[Deb]:
        """What `download` would fetch, one Deb a package."""
        done = subprocess.run(
            ["apt-get", "download", "--print-uris", *packages],
            env=self._env(),
            # Beside a finished download apt would say nothing of it.
            cwd=self.folder / "empty",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
            raise Unreachable(f"{self.name} does not have what is needed: {last}", log=self.log)
        return list(parse_uris(done.stdout))

    def download(self, debs: Sequence[Deb], on_progress: Callable[[float], None]) -> list[Path]:
        """Fetch packages, going on where a killed run stopped; paths in the order given."""
        folder = self.folder / "debs"
        wanted = self.missing(debs)

        def status(line: str) -> None:
            kind, *fields = line.split(":", 3)
            if kind == "dlstatus" and len(fields) == 3:
                on_progress(float(fields[1]) / 100)

        if wanted:
            names = [f"{deb.name}={deb.version}" for deb in wanted]
            try:
                run(
                    ["apt-get", "-q", "-o", "APT::Status-Fd=1", "download", *names],
                    log=self.log,
                    env=self._env(),
                    cwd=folder,
                    on_line=status,
                )
            except CommandFailed as error:
                raise Unreachable(
                    "Debian's archive stopped answering", advice="run it again", log=self.log
                ) from error
        for deb in self.missing(wanted):
            raise HashMismatch(f"{deb.filename} is not what Debian's index promised")
        return [folder / deb.filename for deb in debs]

    def missing(self, debs: Sequence[Deb]) -> list[Deb]:
        """Those that are not downloaded whole: what a killed run leaves is hashed, not believed."""
        paths = {deb: self.folder / "debs" / deb.filename for deb in debs}
        return [
            deb
            for deb, path in paths.items()
            if not (path.is_file() and hash_file(path) == deb.sha256)
        ]

    def _configure(self, archive: str) -> None:
        (self.folder / "sources.list").write_text(
            f"deb [signed-by={KEYRING}] {archive} {self.name} main\n"
        )
        settings = {
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            # Root downloads into a folder that apt's own user may not enter.
            "APT::Sandbox::User": "root",
        }
        text = "".join(f'{name} "{value}";\n' for name, value in settings.items())
        (self.folder / "apt.conf").write_text(text)

    def _env(self) -> dict[str, str]:
        return {**self.env, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}


def configured_archives(env: Mapping[str, str]) -> list[str]:
    """Addresses of the archives that this system's apt uses, Debian's main one first.

    A fresh machine has no index to ask which one is Debian's, so the path's convention orders
    them and the signature decides.
    """
    done = subprocess.run(
        # Without the option apt tells only of archives whose index it has fetched.
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict.fromkeys(line.strip() for line in done.stdout.splitlines() if line.strip())
    return sorted(found, key=lambda address: not address.rstrip("/").endswith("/debian"))


def parse_uris(listing: str) -> Iterator[Deb]:
    """Packages of `apt-get download --print-uris`: `'URI' FILENAME SIZE SHA256:HEX` a line."""
    for line in listing.splitlines():
        words = line.split()
        if len(words) == 4 and words[0].startswith("'") and words[3].startswith("SHA256:"):
            _, filename, size, digest = words
            name, version, _ = filename.split("_")
            yield Deb(
                name=name,
                version=version.replace("%3a", ":"),
                filename=filename,
                size=int(size),
                sha256=digest.removeprefix("SHA256:"),
            )


def installed_versions(names: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Versions of those packages that dpkg has installed on this system."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *names],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 3 and row[2] == "installed"}


def installed_files(name: str, env: Mapping[str, str]) -> list[Path]:
    """Files and folders of an installed package."""
    listing = subprocess.run(
        ["dpkg-query", "-L", name], env=dict(env), capture_output=True, text=True, check=True
    )
    return [Path(line) for line in listing.stdout.splitlines() if line.startswith("/")]
