"""The deal forecast keeps what it promises: counts by hand, nothing of later days, members that sum to their total."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from deal_histories import made_deals

from forecasts.deals import schema
from forecasts.deals.history import History, in_order
from forecasts.deals.panel import panel, past_origins, windows
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.scores import Scores, score_deals
from forecasts.deals.settings import Settings
from forecasts.errors import ForecastError
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
AS_OF = date(2025, 6, 30)
FEW = Settings(draws=200)


@pytest.fixture(scope="module")
def made() -> tuple[pl.DataFrame, pl.DataFrame]:
    return made_deals(1)


@pytest.fixture(scope="module")
def history(made: tuple[pl.DataFrame, pl.DataFrame]) -> History:
    return History(AS_OF, *made)


@pytest.fixture(scope="module")
def scores(history: History) -> Scores:
    return score_deals(history, FEW)


def test_a_lost_deal_that_comes_back_is_open_twice() -> None:
    seen = [("2024-01-05", "open"), ("2024-03-01", "lost"), ("2024-05-01", "open"), ("2024-06-15", "won")]
    observations = pl.DataFrame(
        [
            {
                "deal_id": "a",
                "known_on": date.fromisoformat(day),
                "status_code": status,
                "stage_code": "x",
                "amount": 5.0,
            }
            for day, status in seen
        ]
    )
    deals = pl.DataFrame(
        {"deal_id": ["a"], "basis": ["exact_history"], "customer_id": ["c"], "created_on": [date(2024, 1, 5)],
         "closed_on": [date(2024, 6, 15)], "outcome": ["won"], "amount": [5.0]}
    )  # fmt: skip
    rows = History(AS_OF, deals, observations).spells.select("opened_on", "ended_on", "outcome").rows()
    assert rows == [
        (date(2024, 1, 5), date(2024, 3, 1), "lost"),
        (date(2024, 5, 1), date(2024, 6, 15), "won"),
    ]
    before = History(date(2024, 4, 1), deals, observations)
    assert before.deals.select("outcome", "closed_on").row(0) == ("lost", date(2024, 3, 1))
    assert before.spells.select("ended_on", "outcome").rows() == [(date(2024, 3, 1), "lost")]


def test_the_panel_counts_what_a_reader_of_the_list_would_count(history: History, made: tuple) -> None:
    origins = past_origins(MONTHS, AS_OF, 6)
    assert origins[0] == date(2025, 5, 31) and origins[-1] == date(2024, 12, 31)
    found = panel(history, MONTHS, origins, 12)
    for origin in origins:
        is_open = [
            row["deal_id"] for row in made[0].iter_rows(named=True)
            if row["created_on"] <= origin and (row["closed_on"] is None or row["closed_on"] > origin)
        ]  # fmt: skip
        here = (found.rows["origin"] == origin).to_numpy()
        assert sorted(found.rows.filter(pl.Series(here))["deal_id"]) == sorted(is_open)
        won_next_month = [
            row["deal_id"] for row in made[0].iter_rows(named=True)
            if row["deal_id"] in is_open and row["outcome"] == "won"
            and origin < row["closed_on"] <= windows(MONTHS, origin, 1).edges[1].astype("datetime64[D]").item()
        ]  # fmt: skip
        counted = here & (found.end == 1) & (found.outcome == 1)
        assert sorted(found.rows.filter(pl.Series(counted))["deal_id"]) == sorted(won_next_month)


@pytest.mark.parametrize("as_of", [date(2025, 6, 30), date(2025, 6, 12), date(2024, 2, 29)])
def test_past_origins_stand_in_their_month_as_today_does_in_its_own(as_of: date) -> None:
    for number, origin in enumerate(past_origins(MONTHS, as_of, 30), start=1):
        ahead = windows(MONTHS, origin, number)
        assert ahead.edges[-1] <= (as_of - date(1970, 1, 1)).days, "window `number` of that origin is over"
        assert windows(MONTHS, origin, number + 1).edges[-1] > (as_of - date(1970, 1, 1)).days


def test_scores_are_chances_and_say_where_they_come_from(scores: Scores, history: History) -> None:
    table = scores.deals
    assert len(table) == history.deals["outcome"].null_count() > 50
    total = table["won_probability"] + table["lost_probability"] + table["open_probability"]
    assert np.allclose(total, 1)
    by_period = scores.periods.group_by("deal_id").agg(pl.col("won_probability").sum()).sort("deal_id")
    assert np.allclose(by_period["won_probability"], table.sort("deal_id")["won_probability"])
    assert table["n"].min() > 0 and table.columns == list(schema.SCORES)


def test_chances_by_stage_are_those_of_the_law(scores: Scores) -> None:
    """Ever won, from the weekly law: deal .12 / .18, offer x .10 / .15, talk x .10 / .15."""
    by_stage = dict(scores.deals.group_by("stage_code").agg(pl.col("won_probability").mean()).iter_rows())
    law = {"deal": 0.12 / 0.18, "offer": 0.12 / 0.18 / 1.5, "talk": 0.12 / 0.18 / 1.5**2}
    for stage, chance in law.items():
        assert by_stage[stage] == pytest.approx(chance, abs=0.06)


def test_nothing_after_the_origin_changes_a_score_or_a_forecast(made: tuple, scores: Scores) -> None:
    deals, seen = made
    rng = np.random.default_rng(5)
    later = seen.filter(pl.col("known_on") > AS_OF)
    later = later.with_columns(
        amount=pl.Series(rng.permutation(later["amount"].to_numpy()) * 7), stage_code=pl.lit("offer")
    )
    edited = pl.concat([seen.filter(pl.col("known_on") <= AS_OF), later])
    is_later = (pl.col("closed_on") > AS_OF).fill_null(value=False)
    flipped = pl.when(pl.col("outcome") == "won").then(pl.lit("lost")).otherwise(pl.lit("won"))
    other = deals.with_columns(
        outcome=pl.when(is_later).then(flipped).otherwise("outcome"),
        amount=pl.when(is_later).then(1e9).otherwise("amount"),
    )
    cut = seen.filter(pl.col("known_on") <= AS_OF), deals.filter(pl.col("created_on") <= AS_OF)
    for changed in (History(AS_OF, other, edited), History(AS_OF, cut[1], cut[0])):
        again = score_deals(changed, FEW)
        assert again.deals.equals(scores.deals)
        rows = [forecast_pipeline(one, two, {"region": "region"}, FEW).rows for one, two in (
            (changed, again), (History(AS_OF, deals, seen), scores))]  # fmt: skip
        assert rows[0].equals(rows[1])


def test_members_sum_to_their_total_in_every_future(history: History, scores: Scores) -> None:
    found = forecast_pipeline(history, scores, {"region": "region"}, FEW)
    for metric in ("bookings", "won_deals"):
        parts = sum(found.draws[f"{metric}|region|{name}|MS"] for name in ("north", "south"))
        assert np.allclose(parts, found.draws[f"{metric}|total||MS"])
    rows = found.rows.filter(pl.col("metric") == "bookings")
    assert np.allclose(rows["mean"], rows["booked"] + rows["existing"] + rows["new"])
    sums = rows.group_by("level", "period_start").agg(pl.col("mean").sum()).pivot("level", values="mean")
    assert np.allclose(sums["total"], sums["region"])
    assert found.rows.columns == list(schema.FORECAST)


def test_means_of_the_draws_are_the_means_served(history: History, scores: Scores) -> None:
    settings = Settings(draws=4000)
    found = forecast_pipeline(history, scores, {}, settings)
    rows = found.rows.filter(pl.col("metric") == "won_deals")
    assert found.draws["won_deals|total||MS"].mean(axis=0) == pytest.approx(rows["mean"].to_numpy(), rel=0.03)


def test_a_young_company_gets_the_assumed_chances_and_both_parts(made: tuple) -> None:
    deals, seen = made
    few = History(date(2023, 2, 10), deals, seen)
    assert few.closed_deal_count < 30
    scores = score_deals(few, FEW, {"talk": 0.1, "offer": 0.3, "deal": 0.6})
    assert set(scores.deals["model"]) == {"seed"} and "closed deals" in scores.deals["fallback_reason"][0]
    talk = scores.deals.filter(pl.col("stage_code") == "talk")["won_probability"]
    assert talk.max() <= 0.1 and talk.min() > 0.08
    rows = forecast_pipeline(few, scores, {}, FEW).rows.filter(pl.col("metric") == "bookings")
    assert rows["existing"].sum() > 0 and rows["booked"].null_count() == 0


def test_frames_that_lack_what_is_needed_are_refused(made: tuple) -> None:
    deals, seen = made
    with pytest.raises(ForecastError, match="closed_on are missing"):
        History(AS_OF, deals.drop("closed_on"), seen)
    with pytest.raises(ForecastError, match="two rows"):
        History(AS_OF, pl.concat([deals, deals[:1]]), seen)
    with pytest.raises(ForecastError, match="status_code"):
        History(AS_OF, deals, seen.with_columns(status_code=pl.lit("gone")))


def test_of_many_open_deals_whole_deals_are_drawn_and_always_the_same(history: History) -> None:
    past = panel(history, MONTHS, past_origins(MONTHS, AS_OF, 12), 12)
    few = past.sample(len(past.rows) // 3)
    assert len(past.rows) / 6 < len(few.rows) < len(past.rows) / 2
    deals = few.rows["deal_id"].unique()
    assert few.rows.equals(past.rows.filter(pl.col("deal_id").is_in(deals.implode())))
    assert few.rows.equals(past.sample(len(past.rows) // 3).rows) and past.sample(len(past.rows)) is past
    assert len(few.end) == len(few.outcome) == len(few.seen) == len(few.rows)


def test_a_sample_of_deals_gives_nearly_the_chances_of_all(history: History, scores: Scores) -> None:
    rows = len(scores.history_panel.rows)
    few = score_deals(history, replace(FEW, most_rows=rows // 2))
    both = few.deals.join(scores.deals, on="deal_id", suffix="_of_all")
    assert few.registry["row_count"].max() < 0.6 * rows and len(both) == len(scores.deals)
    away = (both["won_probability"] - both["won_probability_of_all"]).abs()
    assert 0 < away.mean() < 0.05


def test_observations_out_of_order_are_put_in_order(made: tuple[pl.DataFrame, pl.DataFrame], history: History) -> None:
    deals, observations = made
    shuffled = observations.sample(fraction=1, shuffle=True, seed=1)
    assert in_order(history.observations) is history.observations
    assert History(AS_OF, deals, shuffled).observations.equals(history.observations)
