"""The error that forecasting raises for input it cannot use."""


class ForecastError(ValueError):
    """What went wrong, where, and what to do about it, in one line."""
