"""Publish wheels to an index, and see that they are there: uploaded is what others can install."""

import ipaddress
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from porter.errors import LoginRefused, PublishFailed, SourceNotFound, Unreachable, UsageError
from porter.home import hash_file
from porter.multipart import Form

ATTEMPTS = 5
# The first audit of a server fetches a runtime and starts it.
TIMEOUT = (10.0, 300.0)
# Another server of the index sees an upload within a second.
SEEN_WITHIN = 15.0
AWAY = (429, 502, 503, 504)
JSON = "application/vnd.pypi.simple.v1+json"
ENDS = ("/simple", "/legacy", "/staging")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")


class Outcome(StrEnum):
    """What came of publishing a file."""

    UPLOADED = "uploaded"
    THERE = "already there"
    UNSEEN = "uploaded, unseen"
    """The index took it, and the token may not read, so that nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One file that an index has: its name, its hash, and whether it was there before."""

    filename: str
    sha256: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index at `base`, without a slash at its end; `staging`: its views for what is tried out."""

    base: str
    token: str = field(repr=False)
    staging: bool = False

    @property
    def upload_url(self) -> str:
        """Where files are sent (the legacy upload API)."""
        return f"{self.base}/legacy/staging/" if self.staging else f"{self.base}/legacy/"

    def project_url(self, project: str) -> str:
        """Where its files are listed (PEP 503)."""
        return f"{self.base}{'/staging' if self.staging else ''}/simple/{project}/"


def parse_index(url: str, *, token: str, staging: bool = False, insecure: bool = False) -> Index:
    """The index of a URL: its own address, or that of its Simple API or of its uploads.

    Raises UsageError for what is no such address, and where the token would be sent in the clear
    to another machine, unless that is asked for (`insecure`).
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url}: not the URL of an index", advice="write http://HOST:PORT/")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(
            f"the URL of {parts.hostname} has more in it than an address",
            advice="give the token with --token-file or PORTER_INDEX_TOKEN",
        )
    if parts.scheme == "http" and not insecure and not is_loopback(parts.hostname):
        raise UsageError(
            f"{url}: the token would be sent in the clear",
            advice="use https, or --insecure where nobody else is on the network",
        )
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise UsageError(
            "there is no token, or one with other characters than a token has",
            advice="give it with --token-file FILE or in PORTER_INDEX_TOKEN",
        )
    base = url.rstrip("/")
    while base.endswith(ENDS):
        base = base.rpartition("/")[0].rstrip("/")
    return Index(base=base, token=token, staging=staging)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def publish(file: Path, index: Index, *, skip_existing: bool = False) -> Published:
    """Upload a wheel or an sdist and see it listed with its hash.

    With `skip_existing` one that is there with the same bytes counts as done. Raises
    SourceNotFound, UsageError, PublishFailed, LoginRefused, Unreachable.
    """
    project = parse_project(file)
    sha256 = hash_file(file)
    with open_session(index) as session:
        if skip_existing and (found := find_file(session, index, project, file.name)):
            return _there(file.name, sha256, found)
        answer, again = _upload(session, index, file, sha256)
        if not answer.ok:
            found = find_file(session, index, project, file.name)
            # What was asked for twice may have been done the first time.
            if found and skip_existing:
                return _there(file.name, sha256, found)
            if found != sha256 or not again:
                raise _refused(file.name, answer)
        outcome = _await_visible(session, index, project, file.name, sha256)
    return Published(filename=file.name, sha256=sha256, outcome=outcome)


def parse_project(file: Path) -> str:
    """The project that a file is of; raises SourceNotFound, or UsageError for another's name."""
    if not file.is_file():
        raise SourceNotFound(f"{file}: there is no such file")
    try:
        if not NAME.fullmatch(file.name):
            raise InvalidWheelFilename("its name has other characters than those of wheels")
        if file.name.endswith(".whl"):
            return parse_wheel_filename(file.name)[0]
        return parse_sdist_filename(file.name)[0]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion) as error:
        raise UsageError(f"{file}: neither a wheel nor an sdist, by its name") from error


@contextmanager
def open_session(index: Index) -> Iterator[requests.Session]:
    """A connection to the index; a proxy is not asked for this machine."""
    with requests.Session() as session:
        session.auth = ("__token__", index.token)
        session.trust_env = not is_loopback(urlsplit(index.base).hostname or "")
        yield session


def find_file(session: requests.Session, index: Index, project: str, filename: str) -> str | None:
    """The sha256 of a file that the index lists (PEP 691), empty where it does not.

    None where the token may not look: those of builds often do nothing but upload.
    """
    try:
        answer, _ = _ask(session, "GET", index.project_url(project), headers={"Accept": JSON})
    except LoginRefused:
        return None
    if answer.status_code == 404:
        return ""
    try:
        answer.raise_for_status()
        files: list[dict[str, Any]] = answer.json()["files"]
        hashes = {file["filename"]: file["hashes"]["sha256"] for file in files}
    except (requests.RequestException, ValueError, LookupError, TypeError) as error:
        raise PublishFailed(
            f"{index.project_url(project)} is no Simple API ({answer.status_code})",
            advice="is --index the address of an index?",
        ) from error
    return str(hashes.get(filename, ""))


def _upload(
    session: requests.Session, index: Index, file: Path, sha256: str
) -> tuple[requests.Response, bool]:
    """The index's answer to a file, and whether it was sent more than once."""
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "sha256_digest": sha256,
        "filetype": "bdist_wheel" if file.suffix == ".whl" else "sdist",
    }
    answer, again = _ask(session, "POST", index.upload_url, file=file, fields=fields)
    if answer.is_redirect:
        raise PublishFailed(
            f"{index.base} is elsewhere: at {answer.headers.get('location', '?')}",
            advice="give that address with --index",
        )
    if answer.ok and "quarantine" in answer.text:
        raise PublishFailed(
            one_line(answer.text), advice="an administrator of the index can release it"
        )
    return answer, again


def _refused(filename: str, answer: requests.Response) -> PublishFailed:
    """What the index says of a file: a line, and below it what to do."""
    message, _, advice = answer.text.partition("\n")
    told = one_line(message) or answer.reason
    if not told.startswith(filename):
        told = f"{filename}: {told}"
    return PublishFailed(told, advice=one_line(advice))


def one_line(text: str) -> str:
    """A text of an index, as it may be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))[
        :500
    ]


def _ask(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    file: Path | None = None,
    fields: dict[str, str] | None = None,
) -> tuple[requests.Response, bool]:
    """The answer, and whether it was asked for more than once; raises Unreachable, LoginRefused."""
    why = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(0.25 * 2**attempt)
        form = Form(fields or {}, name="content", file=file) if file is not None else None
        sent = {**(headers or {}), **({"Content-Type": form.content_type} if form else {})}
        try:
            answer = session.request(
                method, url, data=form, headers=sent, timeout=TIMEOUT, allow_redirects=False
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            why = type(error).__name__
            continue
        except requests.RequestException as error:
            raise Unreachable(f"{url}: it cannot be asked ({type(error).__name__})") from error
        if answer.status_code in (401, 403):
            raise LoginRefused(
                f"{url}: {one_line(answer.text) or answer.reason}",
                advice="ask who runs the index for a token that may upload this project",
            )
        if answer.status_code not in AWAY:
            return answer, attempt > 0
        why = one_line(answer.text) or answer.reason
    raise Unreachable(f"{url}: the index does not answer ({why})", advice="is it running?")


def _await_visible(
    session: requests.Session, index: Index, project: str, filename: str, sha256: str
) -> Outcome:
    until = time.monotonic() + SEEN_WITHIN
    while (found := find_file(session, index, project, filename)) == "":
        if time.monotonic() > until:
            raise PublishFailed(
                f"{filename} was taken, and is not listed at {index.project_url(project)}",
                advice="ask who runs the index",
            )
        time.sleep(0.25)
    if found is None:
        return Outcome.UNSEEN
    if found != sha256:
        raise _other_bytes(filename, found)
    return Outcome.UPLOADED


def _there(filename: str, sha256: str, found: str) -> Published:
    if found != sha256:
        raise _other_bytes(filename, found)
    return Published(filename=filename, sha256=sha256, outcome=Outcome.THERE)


def _other_bytes(filename: str, found: str) -> PublishFailed:
    return PublishFailed(
        f"{filename}: the index has other bytes of this name, of sha256 {found[:64]}",
        advice="raise the version, or give the wheel a build number",
    )
