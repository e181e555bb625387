"""Faults of this machine, told from faults of what is read: a full disk says nothing about the file it met."""

import errno
import os
import re

import duckdb

from pipelines.errors import MachineFaultError

# Nothing can be kept until somebody makes room, so there is no use in going on with the next file.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
# Readers of archives seek to places that a damaged file names: the file's fault, with a number of the system's.
_OF_THE_FILE = frozenset({errno.EINVAL, errno.EOVERFLOW})
_NUMBERS = FULL | {errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.ESTALE}
_TEXTS = {os.strerror(number): number for number in _NUMBERS}


class DiskFullError(MachineFaultError):
    """No room to keep anything."""


def machine_fault(error: BaseException) -> MachineFaultError | None:
    """The error as a fault of this machine, or None where it is about what was read.

    Libraries pass on the system's words without its number, so both are looked for.
    """
    if isinstance(error, MachineFaultError):
        return error
    if isinstance(error, (MemoryError, duckdb.OutOfMemoryException)):
        return MachineFaultError(f"not enough memory or room to spill: {_first_line(error)}")
    if isinstance(error, duckdb.InterruptException):
        return MachineFaultError("interrupted")
    number = _number(error)
    if number is None:
        return None
    kind = DiskFullError if number in FULL else MachineFaultError
    where = getattr(error, "filename", None) or _path_in(error)
    return kind(f"{os.strerror(number)}{f': {where}' if where else ''}")


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return None if error.errno in _OF_THE_FILE else error.errno
    return next((number for text, number in _TEXTS.items() if text in str(error)), None)


def _path_in(error: BaseException) -> str:
    """The path that a library has put at the end of the system's words."""
    return "".join(re.findall(r": (/.+)$", _first_line(error)))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["no more is known"])[0]
