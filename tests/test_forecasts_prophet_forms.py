"""Prophet over batches and files: which form is taken, what it is given, and what short series get."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.engines import prophet_forms, streaming
from forecasts.engines.prophet_forms import Components, fit_better_form, long_frame, pandas_freq, specification
from forecasts.errors import ForecastError
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency
from forecasts.prophet_map import Regressor, Specification
from forecasts.selection.fallback import NORMAL_QUANTILES

pytestmark = pytest.mark.fast

NAN = np.nan
MONTHS = Frequency("MS")


def batch(*series: list[float], last: int = 650, regressors: Regressors | None = None, code: str = "MS") -> Batch:
    values = tuple(np.array(one, dtype=float) for one in series)
    ends = last - np.arange(len(series))
    return Batch(tuple("abc"[: len(series)]), values, ends, Frequency(code), regressors)


@pytest.mark.parametrize(
    ("code", "yearly", "weekly"),
    [
        ("YS", False, False),
        ("QS-FEB", 2, False),
        ("MS", True, False),
        ("W-MON", True, False),
        ("D", "auto", True),
        ("B", "auto", True),
        ("445-JAN", True, False),
    ],
)
def test_patterns_are_no_finer_than_periods_can_show(code: str, yearly: Any, weekly: bool) -> None:
    found = specification(Frequency(code), None, "multiplicative")
    assert (found.yearly_seasonality, found.weekly_seasonality, found.daily_seasonality) == (yearly, weekly, False)
    assert found.seasonality_mode == "multiplicative" and found.regressors == ()
    plain = specification(Frequency(code), None, "additive", is_seasonal=False)
    assert (plain.yearly_seasonality, plain.weekly_seasonality) == (False, False)


def test_regressors_are_taken_as_they_are_in_the_mode_of_the_form() -> None:
    regressors = Regressors(("x", "y"), 0, np.zeros((1, 2)))
    found = specification(MONTHS, regressors, "multiplicative").regressors
    assert found == tuple(Regressor(name, standardize=False, mode="multiplicative") for name in "xy")


def test_prophet_is_given_first_days_and_calendar_months() -> None:
    assert [pandas_freq(Frequency(code)) for code in ("ME", "445-JAN", "W-SUN", "QS-FEB")] == [
        "MS",
        "MS",
        "W-SUN",
        "QS-FEB",
    ]
    dates = prophet_forms.prophet_dates
    assert dates(Frequency("ME"), np.array([0, 1])).astype(str).tolist() == ["1970-01-01", "1970-02-01"]
    assert dates(Frequency("445-JAN"), np.array([0])).astype(str).tolist() == ["1970-01-01"]
    assert dates(Frequency("W-SUN"), np.array([0])).astype(str).tolist() == ["1970-01-04"]


def test_a_batch_becomes_rows_of_its_known_values_and_regressors() -> None:
    regressors = Regressors(("x",), 645, np.arange(10.0)[:, None])
    given = batch([1, NAN, 3], [4, 5], regressors=regressors)
    frame = long_frame(given)
    assert frame["unique_id"].to_list() == ["a", "a", "b", "b"] and frame["y"].to_list() == [1, 3, 4, 5]
    assert frame["ds"].to_list() == [date(2024, 1, 1), date(2024, 3, 1), date(2024, 1, 1), date(2024, 2, 1)]
    assert frame["x"].to_list() == [3, 5, 3, 4]
    ahead = prophet_forms._future(given, 2)
    assert ahead["ds"].to_list() == [date(2024, 3, 1), date(2024, 4, 1), date(2024, 5, 1)] and ahead["x"].to_list() == [
        5,
        6,
        7,
    ]


def made(size: float, cost: list[float]) -> tuple[Components, np.ndarray]:
    trend, factor, addend = (np.full((3, 2), size + part) for part in (0.0, 0.1, 0.2))
    return Components(trend, factor, addend, tuple(np.full(2, size) for _ in range(3))), np.array(cost)


def test_every_series_has_the_form_that_fits_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs 1, 2 and 3 of the first beside 2, 1 and 3: equal ones stay with sums."""
    forms = {"additive": made(1.0, [1, 2, 3]), "multiplicative": made(5.0, [2, 1, 3])}
    monkeypatch.setattr(prophet_forms, "_fit", lambda batch, horizon, mode: forms[mode])
    found = prophet_forms._fit_both_forms(batch([1], [2], [3]), 2)
    assert found.trend[:, 0].tolist() == [1, 5, 1] == [values[0] for values in found.residuals]
    assert found.factor[:, 1].tolist() == [1.1, 5.1, 1.1] and found.addend[:, 0].tolist() == [1.2, 5.2, 1.2]
    np.testing.assert_allclose(found.forecast[1], 5 * 6.1 + 5.2)


def test_the_batch_that_was_fitted_last_is_not_fitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def fitted(given: Batch, horizon: int) -> Components:
        asked.append(horizon)
        return made(1.0, [])[0]

    monkeypatch.setattr(prophet_forms, "_fit_both_forms", fitted)
    monkeypatch.setattr(prophet_forms, "_last_fit", {})
    regressors = Regressors(("x",), 600, np.zeros((60, 1)))
    different = [
        (batch([1, 2]), 2), (batch([1, 2]), 3), (batch([1, 3]), 3), (batch([1, 3], last=649), 3),
        (batch([1, 3], last=649, code="ME"), 3), (batch([1, 3], regressors=regressors), 3),
        (batch([1, 3], regressors=Regressors(("y",), 600, np.zeros((60, 1)))), 3),
        (batch([1, 3], regressors=Regressors(("y",), 601, np.zeros((60, 1)))), 3),
        (batch([1, 3], regressors=Regressors(("y",), 601, np.ones((60, 1)))), 3), (batch([1, 2]), 2),
    ]  # fmt: skip
    for given, horizon in different:
        assert fit_better_form(given, horizon) is fit_better_form(given, horizon)
    assert len(asked) == len(different) and len(prophet_forms._last_fit) == 1


class Fitted:
    """What the batch engine answers: a trend that counts its rows, and residuals of a tenth of the value."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def predict(
        self, horizon: int, freq: str, *, future: Any, levels: tuple[int, ...], components: bool
    ) -> pl.DataFrame:
        assert freq == "MS" and levels == () and components
        assert future is None or future["x"].to_list() == [6, 7, 8]
        rows = horizon * self.frame["unique_id"].n_unique()
        names = ("trend", "multiplicative_terms", "additive_terms")
        return pl.DataFrame({name: np.arange(rows) + 10.0 * place for place, name in enumerate(names)})

    def fitted(self) -> pl.DataFrame:
        return self.frame.with_columns(fitted=pl.col("y") * 0.9)

    def parameters(self) -> pl.DataFrame:
        return pl.DataFrame({"objective": [3.0, 4.0]})


@pytest.mark.parametrize("with_regressors", [False, True])
def test_a_form_is_told_by_series_and_step(with_regressors: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(frame: pl.DataFrame, spec: Specification, *, every_mode: bool) -> Fitted:
        assert not every_mode and spec.seasonality_mode == "additive"
        return Fitted(frame)

    monkeypatch.setattr(prophet_forms, "fit", fit)
    regressors = Regressors(("x",), 644, np.arange(10.0)[:, None]) if with_regressors else None
    found, cost = prophet_forms._fit(batch([10, NAN, 30], [40], regressors=regressors), 2, "additive")
    assert found.trend.tolist() == [[0, 1], [2, 3]] and found.factor[1].tolist() == [12, 13]
    assert found.addend[0].tolist() == [20, 21] and cost.tolist() == [3, 4]
    assert [values.round(9).tolist() for values in found.residuals] == [[1, 3], [4]]


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
