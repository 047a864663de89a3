"""An exception that nobody foresaw, as an error of ours."""

import errno
import traceback

from porter.errors import MissingRequirement, NoSpace, NotWritable, PorterError
from porter.home import Home

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def name_error(error: Exception, home: Home | None) -> PorterError:
    """What went wrong, for a person; a mistake of Porter's has its traceback in a log of `home`."""
    if isinstance(error, ModuleNotFoundError):
        return MissingRequirement(
            f"the Python module {error.name} is not installed",
            advice="pip install 'porter-wasm[index]' brings what `porter index` needs",
        )
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in DISK_FULL:
            return NoSpace(
                f"the disk is full{where}", advice="free some space; nothing half-written was left"
            )
        return NotWritable(f"{error.strerror or error}{where}")
    return _mistake(error, home)


def _mistake(error: Exception, home: Home | None) -> PorterError:
    text = "".join(traceback.format_exception(error))
    said = f"a mistake in Porter itself: {text.strip().splitlines()[-1]}"
    try:
        if home is None:
            return PorterError(said)
        log = home.new_log("crash")
        log.write_text(text)
    except OSError:
        return PorterError(said)
    return PorterError(said, advice="please report it with the log", log=log)
