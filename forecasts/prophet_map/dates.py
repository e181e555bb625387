"""The dates to forecast: Prophet's make_future_dataframe for many series at once."""

import numpy as np

from forecasts.prophet_map.panel import DAY, IntArray
from forecasts.prophet_map.specification import SpecificationError

MONTHS = {"MS": 1, "QS": 3, "YS": 12}
WEEKS = [f"W-{day}" for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")]


def future_dates(last: IntArray, horizon: int, freq: str) -> IntArray:
    """The `horizon` dates of a pandas frequency after each `last` date (microseconds): series x horizon."""
    if horizon < 1:
        raise SpecificationError(f"horizon {horizon}: ask for at least one period")
    distinct, which = np.unique(last, return_inverse=True)
    following = _by_counting(distinct, np.arange(1, horizon + 1), freq)
    return (_by_pandas(distinct, horizon, freq) if following is None else following)[which.reshape(-1)]


def _by_counting(last: IntArray, ahead: IntArray, freq: str) -> IntArray | None:
    """Plain periods without pandas, whose import costs as much as ten thousand series; None for all others."""
    if (last % DAY).any():
        return None
    if freq in MONTHS:
        size = MONTHS[freq]
        period = last.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) // size
        months = ((period[:, None] + ahead) * size).astype("datetime64[M]")
        return months.astype("datetime64[us]").astype(np.int64)
    days = last[:, None] // DAY
    if freq == "D":
        return (days + ahead) * DAY
    if freq in WEEKS:
        first = WEEKS.index(freq) - 3  # 1970-01-01 was a Thursday
        return (first + 7 * ((days - first) // 7 + ahead)) * DAY
    return None


def _by_pandas(last: IntArray, horizon: int, freq: str) -> IntArray:
    import pandas as pd

    out = np.empty((len(last), horizon), np.int64)
    for i, stamp in enumerate(last.astype("datetime64[us]")):
        try:
            following = pd.date_range(stamp, periods=horizon + 1, freq=freq)
        except ValueError as error:
            raise SpecificationError(f"freq {freq!r} is not a pandas frequency such as MS, W-MON, QS or D") from error
        following = following[following > stamp][:horizon]
        out[i] = following.to_numpy().astype("datetime64[us]").astype(np.int64)
    return out
