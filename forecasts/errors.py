"""What forecasting refuses, as one sentence each."""


class ForecastError(ValueError):
    """What went wrong, where, and what to do about it, in one line."""
