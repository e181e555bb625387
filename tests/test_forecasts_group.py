"""From candidates to what is served: fallbacks and their reasons, floors, groups of series, whole periods only."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts import __main__ as compiling
from forecasts import group, run
from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.base import model, registry
from forecasts.config import Config, History, SeriesSet
from forecasts.errors import ForecastError
from forecasts.output import scored
from forecasts.output.importance import importance_of
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
UNKNOWN = np.nan


def candidates(*series: list[float], **future: list[float]) -> Candidates:
    """Two steps; a model has one value per series."""
    values = tuple(np.array(one, dtype=float) for one in series)
    batch = Batch(tuple("abcd"[: len(series)]), values, np.full(len(series), 659), MONTHS)
    made = {name: np.repeat(np.array(row, dtype=float)[:, None], 2, axis=1) for name, row in future.items()}
    ones = np.ones(len(series))
    past = Origin(np.arange(len(series)), np.full(len(series), 1), np.zeros((len(series), 2)), ones, ones, made)
    return Candidates(batch, 2, ones, made, (past,), (past,))


def with_fallbacks(of: Candidates, *segments: str) -> tuple[Candidates, np.ndarray, np.ndarray]:
    count = len(segments)
    served, reasons = np.full((count, 2), "pool", object), np.full((count, 2), None, object)
    return group._with_fallbacks(of, np.array(segments, dtype=object), served, reasons, 24), served, reasons


def test_a_series_without_a_pool_is_served_its_naive_forecast_and_the_reason() -> None:
    of = candidates([1.0] * 30, [4.0, 6.0], [], [2.0] * 30, pool=[5.0, 5.0, UNKNOWN, UNKNOWN], ses=[1.0, 2.0, 3.0, 4.0])
    made, served, reasons = with_fallbacks(of, "regular", "short", "empty", "intermittent")
    assert served.tolist() == [["pool"] * 2, ["naive"] * 2, ["pool"] * 2, ["seasonal_naive"] * 2]
    assert [row[0] for row in reasons] == [
        None, "2 periods of history, fewer than the 24 that the models need (season of 12)",
        "no known value: nothing to forecast from", "no model of the pool returned a forecast for this series",
    ]  # fmt: skip
    np.testing.assert_array_equal(made.future["naive"], [[UNKNOWN] * 2, [6, 6], [UNKNOWN] * 2, [UNKNOWN] * 2])
    np.testing.assert_array_equal(made.future["pool"][:, 0], [5, UNKNOWN, UNKNOWN, UNKNOWN])
    np.testing.assert_array_equal(made.future["ses"][:, 0], [1, UNKNOWN, 3, UNKNOWN])
    np.testing.assert_array_equal(made.future["seasonal_naive"][3], [2, 2])
    assert of.future["ses"][1, 0] == 2, "what was given stays as it was"


def test_each_step_has_the_number_of_the_model_named_for_it() -> None:
    served = np.array([["a", "b"], ["b", "none"]], dtype=object)
    picked = group.picked({"a": np.full((2, 2), 1.0), "b": np.full((2, 2), 2.0), "c": np.zeros((2, 2))}, served)
    np.testing.assert_array_equal(picked, [[1, 2], [2, UNKNOWN]])


def test_no_forecast_lies_below_the_floor_of_its_series() -> None:
    of = candidates([1.0] * 3, [1.0] * 3, pool=[-5.0, -5.0])
    floored = group.clipped(of, np.array([0.0, -np.inf]))
    for made in (floored.future, floored.origins[0].forecasts, floored.evaluation[0].forecasts):
        assert made["pool"].tolist() == [[0, 0], [-5, -5]]


def test_a_metric_is_never_negative_unless_it_may_be_or_was() -> None:
    names = pl.DataFrame({"metric": ["revenue", "revenue", "margin", "revenue"]})
    sets = [SeriesSet("revenue", ("total",)), SeriesSet("margin", ("total",), non_negative=False)]
    of = candidates([0.0, 2.0], [-1.0, 2.0, UNKNOWN], [1.0], [], pool=[1.0] * 4)
    assert group._non_negative(names, sets, of).tolist() == [True, False, False, True]


def test_series_of_one_frequency_horizon_and_pool_are_forecast_together() -> None:
    entries = (SeriesSet("a", ("total",)), SeriesSet("b", ("total",), horizon=3), SeriesSet("c", ("total",)),
               SeriesSet("d", ("total",), "QS"), SeriesSet("e", ("total",), pool="own"))  # fmt: skip
    groups = run._groups(Config(entries))
    assert [[entry.metric for entry in together] for together in groups] == [["a", "c"], ["b"], ["d"], ["e"]]


def test_periods_that_have_not_ended_are_left_out() -> None:
    days = [date(2025, 1, 1), date(2025, 2, 1)]
    history = pl.DataFrame({"metric": ["revenue", "revenue", "margin", "revenue"], "freq": ["MS"] * 3 + ["QS"],
                            "level": ["total"] * 3 + ["total"], "ds": [*days, days[0], days[0]]})  # fmt: skip
    asked = [SeriesSet("revenue", ("total", "region"))]
    for day, count in ((date(2025, 2, 27), 1), (date(2025, 2, 28), 2)):
        assert run._select(history, asked, day)["ds"].to_list() == days[:count]
    assert run._select(history, [SeriesSet("revenue", ("region",))], date(2026, 1, 1)).is_empty()


def test_models_need_two_seasons_or_a_year_of_periods() -> None:
    plan = Config((SeriesSet("revenue", ("total",)),))
    batches = {code: Batch((), (), np.zeros(0), Frequency(code)) for code in ("MS", "QS", "YS", "W-MON", "D")}
    needs = {code: run.min_history_of(batch, plan) for code, batch in batches.items()}
    assert needs == {"MS": 24, "QS": 12, "YS": 12, "W-MON": 104, "D": 14}
    longer = replace(plan, history=History(min_periods=30, min_seasons=2.1))
    assert run.min_history_of(batches["MS"], longer) == 30 and run.min_history_of(batches["W-MON"], longer) == 110


def test_cutoffs_step_back_as_those_of_the_median_series() -> None:
    """Of 60, 50 and 30 months, 24 of them to learn from: three cutoffs are 12, 7 and 1 months apart."""
    plan = Config((SeriesSet("revenue", ("total",)),))
    task = run._task(
        Batch(tuple("abc"), tuple(np.ones(size) for size in (60, 50, 30)), np.zeros(3), MONTHS), 12, 24, plan
    )
    assert (task.freq, task.horizon, task.min_history, task.n_cutoffs) == ("MS", 12, 24, 3)
    assert task.max_step == 7 and task.regressors is None and not task.is_evaluation


def test_what_is_configured_without_a_series_is_told_among_the_choices() -> None:
    plan = Config((SeriesSet("revenue", ("total",)), SeriesSet("margin", ("total",))))
    history = pl.DataFrame({"metric": ["revenue"], "level": ["total"], "freq": ["MS"]})
    [row] = run._left_out(plan, history).iter_rows(named=True)
    assert (row["segment"], row["decision"], row["candidate"]) == ("margin", "left_out", "margin")
    assert (row["is_chosen"], row["freq"]) == (False, "MS")
    assert run._left_out(Config((SeriesSet("revenue", ("total",)),)), history).is_empty()


def test_models_are_found_by_name_in_order_and_unknown_ones_refused() -> None:
    assert list(registry()) == sorted(registry()) and {"naive", "theta", "prophet"} <= registry().keys()
    assert model("naive").name == "naive"
    with pytest.raises(ForecastError, match=r"model 'magic' is unknown: there are arima, ces, "):
        model("magic")


def test_warming_up_runs_a_regular_and_an_intermittent_series_of_six_years() -> None:
    history = compiling.history()
    values = {name: part["y"].to_list() for (name,), part in history.group_by("member")}
    assert history["ds"].min() == date(2018, 1, 1) and history["ds"].max() == date(2023, 12, 1)
    assert [values["regular"][number] for number in (0, 5, 16, 17)] == [100, 108, 101, 100]
    assert values["intermittent"][:6] == [1, 0, 0, 0, 0, 1] and len(values["intermittent"]) == 72


@pytest.mark.parametrize(("count", "picked"), [(39, [0, 1, 38]), (40, [0, 1, 39]), (80, [0, 2, 78]), (100, [0, 2, 78])])
def test_importance_is_of_forty_series_of_a_metric_at_most(
    count: int, picked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []

    def importance(of: Batch) -> dict[str, float]:
        seen.append(of.unique_ids)
        return {"lag_1": 0.12345678, "price": 1 - 0.12345678}

    monkeypatch.setattr("forecasts.models.forest.importance", importance)
    of = Batch(tuple(map(str, range(count + 2))), (np.ones(3),) * (count + 2), np.full(count + 2, 1), MONTHS)
    kinds = np.array(["regular"] * count + ["short", "regular"], dtype=object)
    rows = importance_of(of, ["revenue"] * count + ["margin", "bookings"], kinds)
    assert [int(seen[1][at]) for at in (0, 1, -1)] == picked and seen[0] == (str(count + 1),)
    assert rows["n_series"].to_list() == [1, 1, min(count, 40), min(count, 40)]
    assert rows.select("metric", "factor", "share").rows()[2:] == [
        ("revenue", "lag_1", 0.123457),
        ("revenue", "price", 0.876543),
    ]
    assert importance_of(of, ["margin"] * (count + 2), np.full(count + 2, "short", object)).is_empty()


def test_accuracy_of_a_view_from_outside_is_scaled_by_what_was_known_at_each_cutoff() -> None:
    """Steps of 2 in what was known. Errors of 1 and 3 at the first cutoff, of 2 at the second."""
    months = [date(2024, number, 1) for number in range(1, 10)]
    history = pl.DataFrame({"unique_id": "n", "freq": "MS", "ds": months, "y": [1.0, 3, 1, 3, 1, 3, 50, 90, 9]})
    rows = [(date(2024, 6, 30), 2, 90.0, 93.0), (date(2024, 6, 30), 1, 50.0, 49.0), (date(2024, 5, 31), 1, 3.0, 1.0)]
    backtest = pl.DataFrame(rows, schema=["cutoff", "horizon", "y", "yhat"], orient="row").with_columns(
        unique_id=pl.lit("n"), model=pl.lit("pipeline"), purpose=pl.lit("evaluation"), lo_80=pl.col("yhat") - 2,
        hi_80=pl.col("yhat") + 2, lo_95=pl.col("yhat") - 4, hi_95=pl.col("yhat") + 4,
    )  # fmt: skip
    more = backtest.head(2).with_columns(purpose=pl.Series(["selection", "evaluation"]), y=pl.Series([1.0, None]))
    [told] = scored.accuracy_of(pl.concat([backtest, more]), history).iter_rows(named=True)
    assert (told["n_origins"], told["n_values"], told["purpose"], told["model"]) == (2, 3, "evaluation", "pipeline")
    assert told["mase"] == pytest.approx((2 / 2 + 2 / 2) / 2)
    assert told["rmsse"] == pytest.approx((np.sqrt(5 / 4) + np.sqrt(4 / 4)) / 2)
    assert told["wape_by_cutoff"] == pytest.approx((4 / 140 + 2 / 3) / 2) and told["above_share"] == pytest.approx(0.75)
    assert told["bias"] == pytest.approx((2 / 140 - 2 / 3) / 2) and told["coverage_80"] == pytest.approx(0.75)
    assert told["coverage_95"] == 1 and told["msis_95"] == pytest.approx(4.0)
    assert told["accuracy"] == pytest.approx(((1 - 3 / 90 + 1 - 1 / 50) / 2 + (1 - 2 / 3)) / 2)
    assert scored.accuracy_of(more, history).is_empty()
