"""The one error type that people see as a single line instead of a traceback."""


class AlmanacError(Exception):
    """What went wrong, where, and what to do about it, in one line."""
