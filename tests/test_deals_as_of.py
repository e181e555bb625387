"""What is learnt later changes nothing of an earlier day: features, scores, the forecast from deals, and its weight."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from deal_histories import made_deals
from polars.testing import assert_frame_equal

from forecasts import deal_origins
from forecasts.backtesting.memory import remembering
from forecasts.deals.settings import Settings
from forecasts.selection import weights

pytestmark = pytest.mark.fast

DAY = date(2025, 6, 30)
SETTINGS = Settings(draws=50, origins=12, periods=6)
Frames = tuple[pl.DataFrame, pl.DataFrame]


def issued(world: Frames, cutoffs: list[date] | None = None) -> deal_origins.DealForecasts:
    deals, observations = world
    result = deal_origins.forecast_deals(
        deals, observations, {"region": "region"}, as_of=DAY, cutoffs=cutoffs or [], settings=SETTINGS, seeds={}
    )
    assert result is not None
    return result


@pytest.fixture(scope="module")
def world() -> Frames:
    deals, observations = made_deals(seed=5)
    first = observations.group_by("deal_id").agg(first_known_on=pl.col("known_on").min())
    return deals.join(first, on="deal_id"), observations


@pytest.fixture(scope="module")
def only_by_then(world: Frames) -> Frames:
    """The same world as its systems stood that evening: nothing later was ever entered or exported."""
    return deal_origins.known_by(*world, DAY)


def test_a_day_s_forecast_is_that_of_one_who_never_saw_later_exports(world: Frames, only_by_then: Frames) -> None:
    later, then = issued(world), issued(only_by_then)
    assert_frame_equal(later.rows, then.rows)
    for name in ("deals", "periods", "reasons"):
        assert_frame_equal(getattr(later.scores, name), getattr(then.scores, name))
    assert len(then.rows) > 0 and len(then.scores.deals) > 20


def test_later_edits_of_amounts_outcomes_and_dates_change_nothing(world: Frames) -> None:
    """Every deal that lives on beyond the day is rewritten: other amount, other end; later rows are shuffled."""
    deals, observations = world
    lives_on = pl.col("closed_on").is_null() | (pl.col("closed_on") > DAY)
    edited = deals.with_columns(
        amount=pl.when(lives_on).then(pl.col("amount") * 7).otherwise("amount"),
        outcome=pl.when(lives_on).then(pl.lit("lost")).otherwise("outcome"),
        closed_on=pl.when(lives_on).then(DAY + timedelta(days=1)).otherwise("closed_on"),
    )
    is_later = pl.col("known_on") > DAY
    shuffled = observations.filter(is_later).with_columns(pl.col("status_code", "stage_code", "amount").shuffle(seed=1))
    changed = pl.concat([observations.filter(~is_later), shuffled])
    assert_frame_equal(issued((edited, changed)).rows, issued(world).rows)


def test_a_deal_that_no_export_had_shown_is_counted_and_left_out(world: Frames) -> None:
    """A system without a history whose first export comes after a cutoff: its deals were not known then."""
    deals, observations = world
    cutoff = date(2025, 3, 31)
    late = deals["deal_id"].gather_every(2).implode()
    is_late = pl.col("deal_id").is_in(late)
    known = observations.filter(~is_late | (pl.col("known_on") > cutoff))
    first = pl.when(is_late & (pl.col("first_known_on") <= cutoff)).then(cutoff + timedelta(days=1))
    moved = deals.with_columns(first_known_on=first.otherwise("first_known_on"))
    result = issued((moved, known), [cutoff])
    then_open = deals.filter(
        (pl.col("created_on") <= cutoff) & (pl.col("closed_on").is_null() | (pl.col("closed_on") > cutoff))
    )
    (row,) = result.cutoffs.iter_rows(named=True)
    assert row["n_not_exported"] == len(then_open.filter(is_late)) > 0
    assert row["n_known"] == len(then_open.filter(~is_late))
    assert not row["is_used"] and result.past.is_empty()  # half the pipeline says nothing of what the whole is worth


def test_existing_and_new_deals_add_up(world: Frames) -> None:
    rows = issued(world).rows
    assert np.allclose(rows["booked"] + rows["existing"] + rows["new"], rows["mean"])
    bookings = rows.filter(pl.col("metric") == "bookings")
    total = bookings.filter(pl.col("level") == "total")["mean"]
    members = bookings.filter(pl.col("level") == "region").group_by("period_start").agg(pl.col("mean").sum())
    assert np.allclose(total, members.sort("period_start")["mean"])


def test_the_view_that_was_right_weighs_more_the_more_often_it_was() -> None:
    actual = np.full(12, 100.0)
    right, wrong = actual.copy(), actual * 1.5
    shares = [weights.weight_of(actual[:n], wrong[:n], right[:n], n) for n in (0, 3, 6, 12)]
    assert shares == pytest.approx([0.5, (3 + 3) / 9, (6 + 3) / 12, (12 + 3) / 18])
    assert weights.weight_of(actual, right, wrong, 12) == pytest.approx(3 / 18)


def test_a_cutoff_is_weighed_by_what_had_ended_before_it() -> None:
    """The pipeline is right from the second cutoff on: the first two cutoffs cannot know, the third may."""
    days = [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]
    periods = [date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1)]
    frame = {"unique_id": ["bookings|total||MS"] * 3, "cutoff": days, "period_start": periods, "horizon": [1] * 3}
    bounds = {name: [150.0] * 3 for name in weights.NUMBERS}
    pairs = pl.DataFrame(
        frame
        | {"metric": ["bookings"] * 3, "freq": ["MS"] * 3, "level": ["total"] * 3, "y": [100.0] * 3}
        | bounds
        | {f"{name}_pipeline": [100.0] * 3 for name in weights.NUMBERS}
    )
    tested = weights.tested(pairs).sort("cutoff")
    shares = [(150 - y) / 50 for y in tested["yhat"]]
    assert shares == pytest.approx([0.5, (1 + 3) / 7, (2 + 3) / 8])


def test_a_replayed_day_has_the_forecast_of_a_run_of_that_day(world: Frames) -> None:
    """A replay keeps no scores, and draws as many futures as the run that kept them."""
    deals, observations = world
    asked = {
        "levels": {"region": "region"},
        "settings": replace(SETTINGS, draws=deal_origins.PAST_DRAWS + 50),
        "seeds": {},
    }
    scored, alone = (
        deal_origins.forecast_deals(deals, observations, as_of=DAY, cutoffs=[], scored=scored, **asked)  # type: ignore[arg-type]
        for scored in (True, False)
    )
    assert scored and alone and scored.scores and alone.scores is None
    assert_frame_equal(scored.rows, alone.rows)


def test_a_day_that_nobody_scores_is_forecast_as_the_past_cutoff_that_it_was(
    world: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside one job from memory, alone by computing: the same rows, and nothing of another list of deals."""
    deals, observations = world
    asked = {"levels": {"region": "region"}, "settings": SETTINGS, "seeds": {}}
    cutoff = date(2025, 3, 31)
    alone = deal_origins.forecast_deals(deals, observations, as_of=cutoff, cutoffs=[], scored=False, **asked)
    dearer = deals.with_columns(pl.col("amount") * 2), observations.with_columns(pl.col("amount") * 2)
    with remembering():
        run = deal_origins.forecast_deals(deals, observations, as_of=DAY, cutoffs=[cutoff], **asked)
        double = deal_origins.forecast_deals(*dearer, as_of=cutoff, cutoffs=[], scored=False, **asked)
        monkeypatch.setattr(deal_origins, "score_deals", None)  # from here on nothing can be computed
        recalled = deal_origins.forecast_deals(deals, observations, as_of=cutoff, cutoffs=[], scored=False, **asked)
    assert alone and run and double and recalled
    assert alone.scores is None
    assert_frame_equal(recalled.rows, alone.rows)
    assert alone.rows.sort("unique_id", "horizon")["yhat"].equals(run.past.sort("unique_id", "horizon")["yhat"])
    money = pl.col("metric") == "bookings"
    assert np.allclose(double.rows.filter(money)["mean"], 2 * alone.rows.filter(money)["mean"])
