"""Source packages of Debian: the archive that their upstream released, as Debian's archive has it.

Beside its own changes Debian keeps what upstream released, NAME_VERSION.orig.tar.* (Debian Policy,
5.6.12 and C.3), below pool/main, by the name of the source package. It stays there as long as one
of Debian's suites has that upstream version.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from porter.errors import CommandFailed, MissingRequirement, Unreachable
from porter.home import Home, hash_file, new_file
from porter.process import run
from porter.source.model import Debian, mismatch
from porter.toolchain.apt import configured_archives

# apt's own client: its proxies, certificates and passwords are those of this system's apt.
HELPER = Path("/usr/lib/apt/apt-helper")
COMPRESSIONS = ("xz", "gz", "bz2")


def fetch_debian(
    origin: Debian, sha256: str, *, home: Home, env: Mapping[str, str], helper: Path = HELPER
) -> Path:
    """Upstream's archive of a source package, from the first archive of this system's apt with it.

    Raises Unreachable, HashMismatch, and MissingRequirement where there is no apt.
    """
    if not helper.is_file():
        raise MissingRequirement(
            f"{origin.name}: its source is Debian's, and this system has no apt",
            advice="fetch it on one that has: porter fetch",
        )
    log = home.new_log(f"fetch-{origin.name}")
    for archive in configured_archives(env):
        for place in pool_paths(origin):
            target = home.downloads / sha256 / place.rpartition("/")[2]
            try:
                with new_file(target) as beside:
                    address = f"{archive.rstrip('/')}/{place}"
                    run(
                        # Root downloads into a folder that apt's own user may not enter.
                        [helper, "-o", "APT::Sandbox::User=root", "download-file", address, beside],
                        log=log,
                        env=env,
                    )
                    if (found := hash_file(beside)) != sha256:
                        raise mismatch(target.name, found, sha256)
            except CommandFailed:
                continue
            return target
    raise Unreachable(
        f"{origin.name}: no archive that apt is configured to use has version {origin.upstream} "
        "of its source package",
        advice="check the network, /etc/apt/sources.list* and the version: Debian keeps no older ones",
        log=log,
    )


def pool_paths(origin: Debian) -> Iterator[str]:
    """Where upstream's archive may lie: its name does not tell how it is compressed."""
    name = origin.name
    prefix = name[:4] if name.startswith("lib") else name[:1]
    # A package without a revision is Debian's own: all there is is one archive.
    kind = "orig.tar" if origin.revision else "tar"
    for compression in COMPRESSIONS:
        yield f"pool/main/{prefix}/{name}/{name}_{origin.upstream}.{kind}.{compression}"
