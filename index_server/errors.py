"""Every way the index says no, each with its HTTP status and the next step.

The command line catches them as it does Porter's own; over HTTP `index_server.app` turns them
into responses by their `status`.
"""

from typing import ClassVar

from porter.errors import PorterError


class IndexServerError(PorterError):
    """What failed, where, and what to do next; `status` is the HTTP status that says so."""

    status: ClassVar[int] = 500


class BadSettings(IndexServerError):
    """A settings file or a command line cannot be read as written."""

    exit_code = 2


class BadRequest(IndexServerError):
    """What is asked for cannot be read as written."""

    status = 400
    exit_code = 2


class UploadRefused(IndexServerError):
    """An upload that would harm those who install it, or that is not what it says it is.

    The legacy API's clients print the reason phrase or the body of a 400 (twine, uv).
    """

    status = 400
    exit_code = 1


class FileExists(UploadRefused):
    """A file name is used once, ever.

    twine's `--skip-existing` and `uv publish --check-url` look for "already exists".
    """


class UploadTooLarge(UploadRefused):
    """More bytes than one file may have."""

    status = 413


class NotAuthenticated(IndexServerError):
    """No token, or one that is unknown, expired or revoked."""

    status = 401
    exit_code = 2


class NotAllowed(IndexServerError):
    """A token that is known, and may not do this."""

    status = 403
    exit_code = 2


class NotHere(IndexServerError):
    """No such project, file, token or environment."""

    status = 404
    exit_code = 4


class Conflict(IndexServerError):
    """What is asked for does not fit what is there."""

    status = 409
    exit_code = 1


class Unresolvable(IndexServerError):
    """No set of wheels meets the requirements."""

    status = 422
    exit_code = 1


class UpstreamFailed(IndexServerError):
    """The public index did not answer: to a client a failure, never an absence."""

    status = 502
    exit_code = 4


class DatabaseAway(IndexServerError):
    """The database does not answer."""

    status = 503
    exit_code = 4


class StorageAway(IndexServerError):
    """The store of files does not answer."""

    status = 503
    exit_code = 4


class RuntimeAway(IndexServerError):
    """The runtime's files are not here yet, or cannot be fetched."""

    status = 503
    exit_code = 4


class StorageFull(IndexServerError):
    """There is no room for the file."""

    status = 507


class Damaged(IndexServerError):
    """Stored bytes are not what their hash says."""

    exit_code = 1
