"""Deals beside the pool of series: who is weighed, judged and served, and what is told of it, on a few rows."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from forecasts.config import Backtest
from forecasts.output import schemas
from forecasts.selection import combination_skill
from forecasts.selection.combination import Issued, combine
from forecasts.selection.skill import Verdict
from forecasts.selection.weights import NUMBERS

pytestmark = pytest.mark.fast

NODE = "bookings|total||MS"
MODELS = {"pool": 10.0, "seasonal_naive": 30.0, "naive": 40.0, "season_mean": 50.0}
LABELS = {"metric": "bookings", "level": "total", "freq": "MS"}


def start(month: int) -> date:
    """The first day of a month counted from January 2025."""
    return date(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def numbers(value: float) -> dict[str, float]:
    return dict.fromkeys(NUMBERS, value)


def backtest(cutoffs: int, actual: float, **models: float) -> pl.DataFrame:
    """At the end of each month forecasts of the next one by every model."""
    rows = [{"unique_id": NODE, "model": model, "purpose": "evaluation", "horizon": 1, "y": actual,
             "period_start": start(month + 1), "is_served": model == "pool"} | numbers(value)
            for month in range(cutoffs) for model, value in models.items()]  # fmt: skip
    frame = pl.DataFrame(rows).with_columns(cutoff=pl.col("period_start").dt.offset_by("-1d"))
    return schemas.conform(frame, schemas.BACKTEST)


def values(served: str = "pool") -> pl.DataFrame:
    rows = [{"unique_id": NODE, "scenario": scenario, "model": model, "period_start": start(13), "horizon": 1,
             "is_served": model == served, "engine": "numpy", "skill": "model" if model == served else None}
            | numbers(value * factor)
            for scenario, factor in (("base", 1.0), ("bold", 1.5)) for model, value in MODELS.items()
            if scenario == "base" or model == served]  # fmt: skip
    return schemas.conform(pl.DataFrame(rows), schemas.VALUES)


def issued(cutoffs: int = 12, actual: float = 20.0, served: str = "pool") -> Issued:
    series = schemas.conform(pl.DataFrame([{"unique_id": NODE, "member": "", "n_periods": 60, "served_model": served}
                                           | LABELS]), schemas.SERIES)  # fmt: skip
    return Issued(values(served), backtest(cutoffs, actual, **MODELS), series, schemas.empty(schemas.CHOICES),
                  schemas.empty(schemas.SKILL))  # fmt: skip


def now(*ids: str, mean: float = 22.0) -> pl.DataFrame:
    rows = [
        {"unique_id": one, "member": "", "period_start": start(13), "horizon": 1} | LABELS | numbers(mean)
        for one in ids
    ]
    return schemas.conform(pl.DataFrame(rows), schemas.PIPELINE)


HISTORY = pl.DataFrame({"unique_id": NODE, "ds": [start(month) for month in range(-23, 13)],
                        "y": [float(month % 2) for month in range(36)]})  # fmt: skip


def deals(made: Issued, mean: float = 22.0, cutoffs: int = 12) -> Issued:
    past = backtest(cutoffs, 0.0, pipeline=mean)
    return combine(made, now(NODE, mean=mean), past, HISTORY, Backtest())


def test_deals_that_were_nearer_are_weighed_in_and_served_and_scenarios_move_alike() -> None:
    """20 came; series said 10 and deals 22: .8 of them is best, and six cutoffs of a half beside twelve."""
    made = deals(issued())
    weight = (12 * 0.8 + 3) / 18
    [choice] = made.choices.iter_rows(named=True)
    assert (choice["segment"], choice["candidate"], choice["step"]) == ("bookings total", "pipeline", 1)
    assert choice["error"] == pytest.approx(weight) and choice["is_chosen"]
    assert choice["reason"] == "weight of the pipeline beside the series' pool, from 12 cutoffs"
    base = {row["model"]: row for row in made.values.filter(scenario="base").iter_rows(named=True)}
    assert base.keys() == {"series_pool", "pipeline", "pool", "seasonal_naive", "naive", "season_mean"}
    assert [name for name, row in base.items() if row["is_served"]] == ["pool"]
    mixed = 10 + 12 * weight
    assert base["pool"]["yhat"] == pytest.approx(mixed) == base["pool"]["hi_95"] and base["pool"]["skill"] == "model"
    assert base["series_pool"]["yhat"] == 10 and base["pipeline"]["yhat"] == 22
    assert base["pool"]["fallback_reason"] is None and base["series_pool"]["skill"] is None
    [bold] = made.values.filter(scenario="bold").iter_rows(named=True)
    assert bold["yhat"] == pytest.approx(1.5 * mixed) and (bold["model"], bold["is_served"]) == ("pool", True)
    assert made.series["served_model"].to_list() == ["pool"]


def test_a_period_that_deals_say_nothing_of_keeps_its_own_forecast() -> None:
    """December waits for an export, so that January is two steps ahead of it and one of what deals say."""
    of = issued()
    december = of.values.with_columns(period_start=pl.lit(start(12)))
    both = pl.concat([december, of.values.with_columns(horizon=pl.lit(2, dtype=pl.Int64))])
    made = deals(replace(of, values=both)).values.filter("is_served", scenario="base")
    assert made.select("period_start", "model", "yhat").sort("period_start").rows() == [
        (start(12), "series_pool", 10.0), (start(13), "series_pool", 10.0),
    ]  # fmt: skip


def test_a_scenario_of_nothing_moves_nothing() -> None:
    """The series alone expect 0, of which half as much more is 0: deals bring what they bring."""
    of = issued()
    is_pool = pl.when(pl.col("model") == "pool").then(0.0)
    empty = of.values.with_columns(is_pool.otherwise(name).alias(name) for name in NUMBERS)
    made = deals(replace(of, values=empty)).values.filter("is_served")
    assert made["yhat"].to_list() == pytest.approx([22 * (12 * 0.8 + 3) / 18] * 2)


def test_at_each_cutoff_the_combination_is_weighed_by_earlier_ones() -> None:
    rows = deals(issued()).backtest.filter(model="pool").sort("cutoff")
    weights = [0.5, *((number * 0.8 + 3) / (number + 6) for number in range(1, 12))]
    assert rows["yhat"].to_list() == pytest.approx([10 + 12 * weight for weight in weights])
    assert rows["is_served"].all() and len(rows) == 12
    others = deals(issued()).backtest.filter(pl.col("model") != "pool")
    assert set(others["model"]) == {"series_pool", "pipeline", "seasonal_naive", "naive", "season_mean"}
    assert not others["is_served"].any() and others.filter(model="pipeline")["y"].to_list() == [20.0] * 12


def test_verdicts_on_both_stand_beside_that_on_the_series() -> None:
    made = deals(issued())
    told = {row["model"]: row for row in made.skill.iter_rows(named=True)}
    assert told.keys() == {"pool", "pipeline"} and told["pool"]["peer"] == told["pipeline"]["peer"] == "seasonal_naive"
    assert (told["pipeline"]["model_error"], told["pipeline"]["peer_error"]) == (pytest.approx(2), pytest.approx(10))
    assert (told["pool"]["first_horizon"], told["pool"]["last_horizon"], told["pool"]["n_origins"]) == (1, 1, 12)
    assert told["pool"]["segment"] == "regular" and told["pool"]["freq"] == "MS"


def test_a_combination_without_skill_leaves_the_series_as_they_were_and_says_what_it_gained() -> None:
    """29 came: last season's value was nearest to it."""
    made = deals(issued(actual=29.0))
    base = {row["model"]: row for row in made.values.filter(scenario="base").iter_rows(named=True)}
    assert [name for name, row in base.items() if row["is_served"]] == ["series_pool"]
    reason = base["series_pool"]["fallback_reason"]
    assert reason.startswith("the pool of series alone; with what deals bring a gain of -")
    assert "beside seasonal_naive 1 to 1 periods ahead at 12 cutoffs, standard error " in reason
    assert (
        base["series_pool"]["skill"] == "model"
        and base["pool"]["skill"] == "none"
        and base["pool"]["fallback_reason"] is None
    )
    assert made.series["served_model"].to_list() == ["series_pool"] and made.series["fallback_reason"].to_list() == [
        reason
    ]
    served = made.backtest.filter("is_served")
    assert set(served["model"]) == {"series_pool"} and len(served) == 12
    assert made.values.filter(scenario="bold")["yhat"].to_list() == pytest.approx([15.0])


def test_a_served_peer_goes_by_its_own_reason() -> None:
    made = deals(issued(actual=29.0, served="naive"))
    row = made.values.filter(scenario="base", is_served=True).row(0, named=True)
    assert row["model"] == "naive" and row["fallback_reason"].startswith("; with what deals bring a gain of -")


def test_who_has_no_pool_is_served_from_deals_and_who_has_no_deals_stays() -> None:
    new = "bookings|region|north|MS"
    made = combine(issued(), now(new, mean=7.0), schemas.empty(schemas.BACKTEST), HISTORY, Backtest())
    rows = made.values.filter("is_served", scenario="base").sort("unique_id")
    assert rows.select("unique_id", "model", "yhat").rows() == [(new, "pipeline", 7.0), (NODE, "pool", 10.0)]
    assert rows["fallback_reason"].to_list() == [
        "too little history for models: the forecast from deals is served",
        None,
    ]
    told = made.series.filter(unique_id=new).row(0, named=True)
    assert (told["n_periods"], told["segment"], told["served_model"]) == (0, "empty", "pipeline")
    assert made.skill.is_empty() and made.choices.is_empty() and len(made.backtest) == 48


def test_a_cutoff_without_deals_counts_as_what_the_series_alone_would_serve() -> None:
    made = combine(issued(), now(NODE), backtest(4, 0.0, pipeline=22.0), HISTORY, Backtest())
    rows = made.backtest.filter(model="pool").sort("cutoff")
    assert len(rows) == 12 and rows["yhat"].to_list()[4:] == [10.0] * 8 and rows["yhat"][0] == 16
    assert made.choices["reason"].to_list() == ["weight of the pipeline beside the series' pool, from 4 cutoffs"]


def test_errors_are_in_seasonal_steps_of_what_was_known_at_the_cutoff() -> None:
    """Months of 0 and 1 in turn: a year apart nothing changes, from one month to the next by 1; later ones by 9."""
    later = HISTORY.with_columns(y=pl.when(pl.col("ds") > date(2025, 1, 31)).then(pl.col("y") * 9).otherwise("y"))
    asked = pl.DataFrame({"unique_id": NODE, "freq": "MS", "cutoff": [date(2025, 1, 31), date(2025, 1, 30)]})
    assert combination_skill._scales(asked, later)["scale"].to_list() == [1.0, 1.0]
    changed = later.with_columns(y=pl.when(pl.col("ds") == date(2025, 1, 1)).then(25.0).otherwise("y"))
    known = combination_skill._scales(asked, changed)["scale"].to_list()
    assert known == [pytest.approx(25 / 13), 1.0], "January of 25 is known once it is over"


def verdict(skill: str, gain: float, model: str = "pool") -> Verdict:
    return Verdict(model, "bookings|total", 2, 3, "naive", 9, 9, 1.0, float("inf"), gain, 0.25, skill)


def test_steps_of_a_band_are_served_as_its_verdict_says() -> None:
    rows = combination_skill.served_steps(
        [("MS", verdict("none", -0.5)), ("QS", verdict("unknown", 0.5)), ("MS", verdict("model", 1, "pipeline"))]
    )
    assert rows.select("freq", "metric", "level", "horizon", "is_combined", "_skill").rows() == [
        ("MS", "bookings", "total", 2, False, "none"), ("MS", "bookings", "total", 3, False, "none"),
        ("QS", "bookings", "total", 2, True, "unknown"), ("QS", "bookings", "total", 3, True, "unknown"),
    ]  # fmt: skip
    assert rows["_reason"][0] == (
        "with what deals bring a gain of -0.500 beside naive 2 to 3 periods ahead at 9 cutoffs, standard error 0.250"
    )


def test_the_table_of_skill_gives_the_series_their_own_name_and_infinity_is_unknown() -> None:
    own = schemas.conform(
        pl.DataFrame([LABELS | {"model": "pool"}, LABELS | {"metric": "margin", "model": "pool"}]), schemas.SKILL
    )
    told = combination_skill.with_skill(own, [("MS", verdict("none", float("-inf")))])
    assert told.select("metric", "model").rows() == [
        ("margin", "pool"),
        ("bookings", "series_pool"),
        ("bookings", "pool"),
    ]
    assert told["gain"][2] is None and told["peer_error"][2] is None and told["first_horizon"][2] == 2
    assert combination_skill.with_skill(own, []) is own
