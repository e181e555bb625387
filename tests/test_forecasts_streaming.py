"""Prophet over a file of any size: what each series is given, what short ones get, and in which order rows come."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts.engines import streaming
from forecasts.errors import ForecastError
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.frequency import Frequency
from forecasts.prophet_map import Specification
from forecasts.selection.fallback import NORMAL_QUANTILES

pytestmark = pytest.mark.fast

NAN = np.nan
MONTHS = Frequency("MS")


def rows(**series: list[float | None]) -> pl.DataFrame:
    months = pl.date_range(date(2024, 1, 1), date(2027, 12, 1), "1mo", eager=True)
    parts = [
        pl.DataFrame({"unique_id": name, "ds": months[: len(y)], "y": pl.Series(y, dtype=pl.Float64)})
        for name, y in series.items()
    ]
    return pl.concat(parts)


def test_lengths_are_of_known_values_in_the_order_of_the_file() -> None:
    expected = {"b": 2, "a": 1}
    for frame in (
        rows(b=[1, 2], a=[3]),
        rows(b=[1, None, 2], a=[3]),
        pl.concat([rows(b=[1]), rows(a=[3]), rows(b=[2])]),
    ):
        assert dict(streaming._lengths(frame).select("unique_id", "length").iter_rows()) == expected
        assert streaming._lengths(frame)["unique_id"].to_list() == ["b", "a"]


def test_prophet_s_input_ends_with_the_last_known_value() -> None:
    """A series without any value stays, to be told; a period named twice is refused, in any order of rows."""
    found = streaming._prophet_input(rows(a=[1, None, 3], b=[None, NAN]), MONTHS)
    assert found["y"].to_list() == [1, 3, None, None] and found["ds"].dtype == pl.Date
    mixed = rows(a=[1, 2], b=[3])[[1, 2, 0]]
    assert streaming._prophet_input(mixed, MONTHS)["y"].to_list() == [2, 3, 1]
    twice = rows(a=[1], b=[1, 2])[[0, 1, 2, 1]]
    with pytest.raises(ForecastError, match="series 'b': two rows fall into one period"):
        streaming._prophet_input(twice, MONTHS)
    with pytest.raises(ForecastError, match="series 'a': two rows"):
        streaming._prophet_input(rows(a=[1, 2]).with_columns(ds=date(2024, 1, 9)), MONTHS)


def test_what_never_was_negative_is_not_forecast_to_be() -> None:
    made = pl.DataFrame({"unique_id": ["a", "b"], **dict.fromkeys(("yhat", "lo_80", "hi_80", "lo_95", "hi_95"), -1.0)})
    assert streaming._not_below_zero(made, rows(a=[0, 1], b=[-0.1, 4]))["lo_95"].to_list() == [0, -1]
    assert streaming._not_below_zero(made, rows(a=[0], b=[1])).row(1)[1:] == (0,) * 5


def test_parts_come_back_in_the_order_of_the_file() -> None:
    lengths = pl.DataFrame({"unique_id": ["b", "a", "c"]})
    parts = [
        pl.DataFrame({"unique_id": ["a", "a"], "ds": [2, 1]}),
        pl.DataFrame({"unique_id": ["c", "b"], "ds": [1, 1]}),
    ]
    assert streaming._in_order(parts, lengths).rows() == [("b", 1), ("a", 1), ("a", 2), ("c", 1)]
    alone = pl.DataFrame({"unique_id": ["b", "a", "c"], "ds": [1, 1, 1]})
    assert streaming._in_order([alone], lengths) is alone
    assert streaming._in_order([alone[::-1]], lengths).rows() == alone.rows()


def answer(block: pl.DataFrame, spec: Specification, horizon: int, freq: str) -> pl.DataFrame:
    """Two steps of each series in its order: 100 with a yearly pattern, 50 without, nothing of nothing."""
    names = block["unique_id"].unique(maintain_order=True)
    known = block.group_by("unique_id").agg(pl.col("y").count())
    months = pl.date_range(date(2026, 1, 1), date(2026, horizon, 1), "1mo", eager=True)
    made = (
        pl.DataFrame({"unique_id": names}).join(pl.DataFrame({"ds": months}), how="cross").join(known, on="unique_id")
    )
    value = pl.lit(100.0 if spec.yearly_seasonality else 50.0)
    return made.select(
        "unique_id", "ds", yhat=pl.when(pl.col("y") > 0).then(value), lo_80=value - 1, hi_80=value + 1, lo_95=value - 2,
        hi_95=value + 2, engine=pl.when(pl.col("y") > 0).then(pl.lit("prophet_map")).otherwise(pl.lit("none")),
    )  # fmt: skip


@pytest.fixture
def _answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "fit_predict", answer)


@pytest.mark.usefixtures("_answered")
def test_each_series_of_a_file_is_forecast_by_what_its_length_allows() -> None:
    """Two years have a year, less than six values no trend, no value nothing."""
    block = rows(few=[3, 3, 3, 3, 3], year=[1.0] * 24, trend=[1.0] * 23, least=[2.0] * 6, none=[None, None])
    found = streaming._block(block, 2, MONTHS)
    assert found.columns == list(FILE_COLUMNS) and found.height == 10
    told = {row["unique_id"]: row for row in found.iter_rows(named=True)}
    assert list(told) == ["few", "year", "trend", "least", "none"]
    assert {name: row["yhat"] for name, row in told.items()} == {
        "few": 3,
        "year": 100,
        "trend": 50,
        "least": 50,
        "none": None,
    }
    assert {name: row["model"] for name, row in told.items()} == {
        "few": "naive", "year": "prophet", "trend": "prophet", "least": "prophet", "none": None,
    }  # fmt: skip
    assert [row["fallback_reason"] for row in told.values()] == [
        "5 values of history", None, "23 periods of history: no seasonal pattern",
        "6 periods of history: no seasonal pattern", "0 values of history",
    ]  # fmt: skip
    assert streaming._block(rows(year=[1.0] * 24), 2, MONTHS)["fallback_reason"].to_list() == [None, None]
    assert streaming._block(rows(few=[3.0]), 1, MONTHS)["yhat"].to_list() == [3]
    assert streaming._block(block[:0], 2, MONTHS).schema == FILE_COLUMNS


def test_a_series_of_a_few_values_has_its_last_value_and_the_spread_of_its_changes() -> None:
    """Changes 2 and -1: a mean square of 2.5, growing with the root of the step."""
    found = streaming._of_few(rows(a=[4, 6, 5]), 2, MONTHS)
    width = np.sqrt(2.5) * np.sqrt([1, 2])
    assert found["yhat"].to_list() == [5, 5] and found["ds"].to_list() == [date(2024, 4, 1), date(2024, 5, 1)]
    for level, quantile in NORMAL_QUANTILES.items():
        np.testing.assert_allclose(found[f"lo_{level}"], 5 - quantile * width)
        np.testing.assert_allclose(found[f"hi_{level}"], 5 + quantile * width)


@pytest.mark.usefixtures("_answered")
def test_a_file_is_forecast_into_another(tmp_path: Path) -> None:
    rows(year=[1.0] * 24, few=[3.0]).with_columns(extra=1).write_parquet(tmp_path / "in.parquet")
    told: list[int] = []
    count = streaming.stream_prophet(tmp_path / "in.parquet", tmp_path / "out.parquet", 2, MONTHS, told.append)
    assert count == 2 == told[-1]
    assert pl.read_parquet(tmp_path / "out.parquet")["yhat"].to_list() == [100, 100, 3, 3]


def test_dates_of_prophet_become_the_periods_of_the_file() -> None:
    """Fiscal months were given as calendar months and are named by their first day again."""
    fiscal = Frequency("445-JAN")
    number = int(fiscal.index(np.array(["2024-02-26"], dtype="datetime64[D]"))[0])
    given = pl.DataFrame(
        {"unique_id": ["a"], "ds": Frequency("MS").starts(np.array([number])), "engine": ["prophet_map"]}
    )
    given = given.with_columns(pl.lit(1.0).alias(name) for name in ("yhat", "lo_80", "hi_80", "lo_95", "hi_95"))
    lengths = pl.DataFrame({"unique_id": ["a"], "length": [30], "is_seasonal": [True]})
    found = streaming._file_rows(given, lengths, fiscal)
    assert found["ds"].to_list() == [date(2024, 2, 26)] and found["model"].to_list() == ["prophet"]
