"""The dates to forecast: Prophet's make_future_dataframe for many series at once."""

import numpy as np

from forecasts.prophet_map.panel import IntArray
from forecasts.prophet_map.specification import SpecificationError


def future_dates(last: IntArray, horizon: int, freq: str) -> IntArray:
    """The `horizon` dates of a pandas frequency after each `last` date (microseconds): series x horizon."""
    import pandas as pd

    if horizon < 1:
        raise SpecificationError(f"horizon {horizon}: ask for at least one period")
    distinct, which = np.unique(last, return_inverse=True)
    out = np.empty((len(distinct), horizon), np.int64)
    for i, stamp in enumerate(distinct.astype("datetime64[us]")):
        try:
            following = pd.date_range(stamp, periods=horizon + 1, freq=freq)
        except ValueError as error:
            raise SpecificationError(f"freq {freq!r} is not a pandas frequency such as MS, W-MON, QS or D") from error
        following = following[following > stamp][:horizon]
        out[i] = following.to_numpy().astype("datetime64[us]").astype(np.int64)
    return out[which.reshape(-1)]
