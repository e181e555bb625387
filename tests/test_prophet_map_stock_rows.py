"""What stock Prophet is handed for each series, what its answer becomes, and what it leaves behind: nothing."""

import logging
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.prophet_map import stock
from forecasts.prophet_map.specification import SpecificationError

pytestmark = pytest.mark.fast

DAYS = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]


class Model:
    """Answers as Prophet does: draws 0 ... 100 around a point of 10 times the number of the step."""

    def __init__(self, growth: str = "linear", regressors: dict[str, Any] | None = None, season: str | None = None):
        self.growth, self.extra_regressors = growth, regressors or {}
        self.seasonalities = {"own": {"condition_name": season}, "plain": {"condition_name": None}} if season else {}
        self.stan_backend: Any = None
        self.history: Any = None

    def fit(self, frame: Any) -> None:
        assert self.history is None, "every series is fitted with an unfitted model"
        self.history = frame
        LOG.append(
            (list(frame.columns), frame["y"].tolist(), logging.getLogger("prophet").disabled, np.random.random())
        )
        self.stan_backend = Backend()

    def predict(self, ahead: Any) -> Any:
        LOG.append((list(ahead.columns), [str(day)[:10] for day in ahead["ds"]]))
        steps = np.arange(1, len(ahead) + 1)
        return ahead.assign(yhat=10.0 * steps, trend=1.0 * steps, yhat_lower=0.0, trend_upper=0.0, season=2.0 * steps)

    def predictive_samples(self, ahead: Any) -> dict[str, Any]:
        return {"yhat": np.arange(101.0) * np.ones((len(ahead), 1))}


class Backend:
    def cleanup(self) -> None:
        LOG.append("cleaned")


LOG: list[Any] = []


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    LOG.clear()


def frame(**extra: Any) -> pl.DataFrame:
    """Out of order; `b` has one value, `c` none, `d` two on one date."""
    rows = {
        "unique_id": ["a", "a", "a", "b", "b", "c", "d", "d"],
        "ds": [DAYS[1], DAYS[0], DAYS[2], DAYS[0], DAYS[1], DAYS[0], DAYS[0], DAYS[0]],
        "y": [2.0, 1.0, float("nan"), 7.0, None, None, 4.0, 5.0],
    }
    return pl.DataFrame(rows | extra)


def forecast(
    model: Any,
    table: pl.DataFrame,
    future: pl.DataFrame | None = None,
    *,
    levels: tuple[int, ...] = (80, 50),
    components: bool = False,
) -> pl.DataFrame:
    return stock.stock_fit_predict(table, model, 2, "MS", future, levels, components)


def test_every_series_has_its_rows_and_says_who_forecast_it() -> None:
    found = forecast(Model(), frame())
    assert found.columns == ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_50", "hi_50", "engine"]
    assert found.rows()[:2] == [
        ("a", date(2024, 4, 1), 10, 10, 90, 25, 75, "prophet"),
        ("a", date(2024, 5, 1), 20, 10, 90, 25, 75, "prophet"),
    ]
    none = (None,) * 4
    assert found.rows()[2:] == [
        ("b", date(2024, 3, 1), 7, *none, "last_value"), ("b", date(2024, 4, 1), 7, *none, "last_value"),
        ("c", date(2024, 2, 1), None, *none, "none"), ("c", date(2024, 3, 1), None, *none, "none"),
        ("d", date(2024, 2, 1), 5, *none, "last_value"), ("d", date(2024, 3, 1), 5, *none, "last_value"),
    ]  # fmt: skip


def test_prophet_is_given_rows_in_order_and_leaves_nothing_behind() -> None:
    np.random.seed(5)
    expected = np.random.RandomState(5).random()
    logging.getLogger("prophet").disabled = False
    forecast(Model(), frame())
    fitted, asked, cleaned = LOG
    assert fitted[0] == ["ds", "y"] and fitted[1][:2] == [1, 2] and np.isnan(fitted[1][2]) and fitted[2]
    assert asked == (["ds"], ["2024-04-01", "2024-05-01"]) and cleaned == "cleaned"
    assert np.random.random() == expected and not logging.getLogger("prophet").disabled
    first = fitted[3]
    LOG.clear()
    forecast(Model(), frame().with_columns(unique_id=pl.lit("b")).head(3))
    other = LOG[0][3]
    LOG.clear()
    forecast(Model(), frame())
    assert LOG[0][3] == first != other, "draws are seeded by the series' name"


def test_the_generator_and_the_log_are_put_back_after_an_error() -> None:
    state = np.random.RandomState(7).random()
    np.random.seed(7)
    logging.getLogger("cmdstanpy").disabled = False
    with pytest.raises(ValueError, match="no"), stock.seeded("a"), stock.quiet():
        assert logging.getLogger("cmdstanpy").disabled
        raise ValueError("no")
    assert np.random.random() == state and not logging.getLogger("cmdstanpy").disabled


def test_components_are_those_of_prophet_without_their_bounds() -> None:
    table = frame().with_columns(cap=pl.lit(9.0))
    coming = pl.DataFrame({"ds": ["2024-04-01", "2024-05-01"], "cap": [9.0, 9.0]})
    found = forecast(Model("logistic"), table.head(3), coming, levels=(), components=True)
    assert found.columns == ["unique_id", "ds", "yhat", "engine", "trend", "season"]
    assert found["trend"].to_list() == [1, 2] and found["season"].to_list() == [2, 4]
    assert LOG[1][0] == ["ds", "cap"]


REGRESSORS: dict[str, Any] = {"price": {"predictor_spec": None}, "made": {"predictor_spec": object()}}


def test_a_model_needs_its_regressors_conditions_and_limits() -> None:
    assert stock._needed(Model(regressors=REGRESSORS, season="busy")) == ["price", "busy"]  # type: ignore[arg-type]
    assert stock._needed(Model("logistic")) == ["cap"]  # type: ignore[arg-type]
    assert stock._needed(Model("flat")) == []  # type: ignore[arg-type]


def test_figures_ahead_are_those_of_the_series_and_the_last_of_a_date() -> None:
    coming = pl.DataFrame(
        {
            "unique_id": ["b", "a", "a", "a"],
            "ds": [datetime(2024, 4, 1), datetime(2024, 4, 1), datetime(2024, 5, 1), datetime(2024, 5, 1)],
            "price": [1.0, 2.0, 3.0, 4.0],
        }
    )
    ahead = pl.DataFrame({"ds": [datetime(2024, 4, 1), datetime(2024, 5, 1)]}).cast({"ds": pl.Datetime("us")})
    model = Model(regressors=REGRESSORS)
    found = stock._with_future("a", model, ahead, coming)
    assert found.columns == ["ds", "price"] and found["price"].to_list() == [2, 4]
    assert stock._with_future("a", Model(), ahead, None) is ahead
    shared = stock._with_future("x", model, ahead, coming.drop("unique_id").tail(3))
    assert shared["price"].to_list() == [2, 4]
    with pytest.raises(SpecificationError, match="`future` lacks a value of 'price' for series 'b'"):
        stock._with_future("b", model, ahead, coming)
    with pytest.raises(SpecificationError, match="the model uses price: give their future values in `future`"):
        stock._with_future("a", model, ahead, None)
    floored = coming.drop("unique_id").tail(3).with_columns(floor=pl.Series([0.0, None, None]))
    with pytest.raises(SpecificationError, match="lacks a value of 'floor'"):
        stock._with_future("a", model, ahead, floored)


@pytest.mark.parametrize(("levels", "refused"), [((0,), 0), ((80, 100), 100), ((-5,), -5)])
def test_levels_are_percentages(levels: tuple[int, ...], refused: int) -> None:
    with pytest.raises(SpecificationError, match=f"between 0 and 100, not {refused}"):
        forecast(Model(), frame(), levels=levels)
    assert forecast(Model(), frame(), levels=(1, 99)).height == 8


LIMITED = frame(cap=[9.0] * 8)
COMING = pl.DataFrame({"ds": ["2024-04-01", "2024-05-01"], "cap": [9.0, 9.0]})


@pytest.mark.parametrize(
    ("table", "future", "message"),
    [
        (LIMITED.with_columns(floor=0.0), COMING, "a floor of saturating growth must be in both"),
        (LIMITED, COMING.with_columns(floor=0.0), "a floor of saturating growth must be in both"),
        (LIMITED, COMING.drop("cap"), "`future` has no column 'cap'; it has ds"),
        (LIMITED.with_columns(cap=pl.lit(None, pl.Float64)), COMING, "the frame lacks a value of 'cap': every row"),
    ],
)
def test_limits_of_growth_are_known_in_history_and_future(
    table: pl.DataFrame, future: pl.DataFrame, message: str
) -> None:
    with pytest.raises(SpecificationError, match=message):
        forecast(Model("logistic"), table, future)


def test_a_limit_may_be_missing_where_there_is_no_value() -> None:
    unknown = LIMITED.with_columns(cap=pl.when(pl.col("y").is_null()).then(None).otherwise("cap"))
    assert forecast(Model("logistic"), unknown.filter(pl.col("unique_id") != "a"), COMING).height == 6
    floored = LIMITED.with_columns(floor=0.0)
    assert forecast(Model("logistic"), floored.head(3), COMING.with_columns(floor=0.0)).height == 2
    with pytest.raises(SpecificationError, match="the frame has no rows"):
        forecast(Model(), frame().head(0))


@pytest.mark.parametrize(
    ("values", "unknown"),
    [([1.0, None], True), ([1.0, float("nan")], True), ([1.0, 2.0], False), (["x", "y"], False), ([1, 2], False)],
)
def test_a_missing_cell_is_unknown_and_so_is_not_a_number(values: list[Any], unknown: bool) -> None:
    assert stock._unknown(pl.Series(values)) == unknown
