"""What stock Prophet is handed is checked first: a wrong call is one line that names what is missing."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from prophet import Prophet

from forecasts.prophet_map import fit_predict
from forecasts.prophet_map.specification import SpecificationError

pytestmark = pytest.mark.fast

MONTHS = pl.datetime_range(datetime(2020, 1, 1), datetime(2022, 12, 1), "1mo", eager=True)
FRAME = pl.DataFrame({"unique_id": "a", "ds": MONTHS, "y": np.arange(36.0), "cap": 50.0})
COMING = pl.DataFrame({"ds": [datetime(2023, 1, 1), datetime(2023, 2, 1)], "cap": [50.0, 50.0]})


@pytest.mark.parametrize(
    ("frame", "future", "levels", "message"),
    [
        (FRAME.drop("cap"), COMING, (80,), "the frame has no column 'cap'"),
        (FRAME.drop("y"), COMING, (80,), "the frame has no column 'y'"),
        (FRAME.head(0), COMING, (80,), "the frame has no rows"),
        (FRAME.with_columns(cap=float("nan")), COMING, (80,), "the frame lacks a value of 'cap'"),
        (FRAME, COMING.drop("ds"), (80,), "`future` has no column 'ds'"),
        (FRAME, COMING.with_columns(cap=pl.Series([50.0, float("nan")])), (80,), "`future` lacks a value of 'cap'"),
        (FRAME.with_columns(floor=0.0), COMING, (80,), "a floor of saturating growth must be in both the frame and"),
        (FRAME, COMING, (100, 150), "levels are percentages between 0 and 100, not 100"),
    ],
)
def test_what_saturating_growth_lacks_is_said_in_a_line(
    frame: pl.DataFrame, future: pl.DataFrame, levels: tuple[int, ...], message: str
) -> None:
    with pytest.raises(SpecificationError, match=message):
        fit_predict(frame, Prophet(growth="logistic"), 2, "MS", future=future, levels=levels)
