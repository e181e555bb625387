"""The error types that people see as a single line instead of a traceback."""


class AlmanacError(Exception):
    """What went wrong, where, and what to do about it, in one line."""


class MachineFaultError(AlmanacError):
    """This machine could not do its part, for want of space, memory or permission: nothing is wrong with the data."""
