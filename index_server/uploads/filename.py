"""What a file's name says: it is checked before the file is, and is the only name it ever has."""

import re
from dataclasses import dataclass, field

from packaging.tags import Tag
from packaging.utils import (
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from index_server.errors import UploadRefused
from index_server.records.rows import file_identity
from index_server.uploads.tags import check_tags

# What project names, versions and tags are made of. Everything else is markup, a path, a control
# character or a letter that looks like another.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
# A file system takes 255, and the longest suffix of what lies beside a file has 11.
LONGEST = 230
LONGEST_IDENTITY = 512
MOST_TAGS = 64
WHEEL, SDIST = ".whl", ".tar.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A filename and its parts; `project` is normalised (PEP 503), an sdist has no `tags`."""

    filename: str
    project: str
    version: Version
    tags: frozenset[Tag] = field(default_factory=frozenset)

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, else it is an sdist."""
        return self.filename.endswith(WHEEL)


def parse_filename(text: str) -> Named:
    """The parts of a wheel's or an sdist's name; raises UploadRefused."""
    shown = ascii(text)[1:-1][:LONGEST]
    if not NAME.fullmatch(text) or ".." in text:
        raise UploadRefused(
            f"{shown or 'the file'}: a file's name has letters, digits and . _ - + ! only"
        )
    if len(text) > LONGEST:
        raise UploadRefused(f"{shown}…: a file's name has at most {LONGEST} characters")
    try:
        named = _parse_wheel(text) if text.endswith(WHEEL) else _parse_sdist(text)
        canonicalize_name(named.project, validate=True)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion, InvalidName) as error:
        why = str(error).partition(":")[0]
        raise UploadRefused(
            f"{text}: the name of a wheel is NAME-VERSION-PYTHON-ABI-PLATFORM{WHEEL}, of an sdist "
            f"NAME-VERSION{SDIST} ({why[:1].lower()}{why[1:]})"
        ) from error
    if len(file_identity(text)) > LONGEST_IDENTITY:
        raise UploadRefused(f"{text}: it is for too many platforms at once")
    return named


def _parse_wheel(text: str) -> Named:
    sets = text.removesuffix(WHEEL).split("-")[-3:]
    count = 1
    for part in sets:
        count *= part.count(".") + 1
    # Each of a set is combined with each of the others (PEP 425).
    if count > MOST_TAGS:
        raise UploadRefused(f"{text}: it is for too many platforms at once")
    name, version, _, tags = parse_wheel_filename(text)
    check_tags(text, tags)
    return Named(filename=text, project=name, version=version, tags=frozenset(tags))


def _parse_sdist(text: str) -> Named:
    if not text.endswith(SDIST):
        raise InvalidSdistFilename(f"neither {WHEEL} nor {SDIST}")
    name, version = parse_sdist_filename(text)
    # PEP 625: both parts are normalised, so that the last hyphen is the one between them.
    wanted = f"{name.replace('-', '_')}-{version}{SDIST}"
    if text != wanted:
        raise UploadRefused(
            f"{text}: an sdist's name is normalised (PEP 625), this one's would be {wanted}",
            advice="build it with a newer build backend",
        )
    return Named(filename=text, project=name, version=version)
