"""Conversion and days in stage: counted where a history is exported, estimated within bounds where lists are."""

import dataclasses
from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.bench import funnel as bench
from pipelines.bench import funnel_worlds as worlds
from pipelines.funnel import Memory, Rules, Tables, conversions, dated, last_look
from pipelines.funnel.last_look import Sample, closings_cluster, estimate

pytestmark = pytest.mark.fast
STAGE = {10: "lead", 20: "qualified", 30: "needs"}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return worlds.rules()


def tables(
    deals: list[tuple], stays: list[tuple], covered: dict[int, str] | None = None, system: str = "crm"
) -> Tables:
    """Deals of one system with a history: (id, outcome); stays: (id, stage_order, days). Born 2020, ended 2021."""
    words = {**STAGE, **(covered or {})}
    frame = pl.DataFrame(deals, schema={"opportunity_id": pl.String, "outcome": pl.String}, orient="row").with_columns(
        source_system=pl.lit(system),
        basis=pl.lit("exact_history"),
        created_on=pl.lit(date(2020, 1, 1)),
        closed_on=pl.lit(date(2021, 1, 1)),
        is_closing_day_known=pl.lit(True),
    )
    schema = {"opportunity_id": pl.String, "stage_order": pl.Int64, "days": pl.Int64}
    seen = {"opportunity_id": pl.String, "exported_on": pl.Date, "stage_order": pl.Int64}
    return Tables(
        deals=frame,
        stays=pl.DataFrame(stays, schema=schema, orient="row"),
        sightings=pl.DataFrame(schema=seen),
        export_days=pl.DataFrame(schema={"source_system": pl.String, "exported_on": pl.Date}),
        ladders=pl.DataFrame(
            [(system, order, STAGE[order], word) for order, word in words.items()],
            schema=["source_system", "stage_order", "stage_code", "stages_covered"],
            orient="row",
        ),
        members=frame.select(pl.lit("total").alias("level"), pl.lit("").alias("member"), "opportunity_id"),
        periods=pl.DataFrame(
            {"period": ["all_time"], "period_start": [date(2020, 1, 1)], "period_end": [date(2024, 1, 1)]}
        ),
    )


def row(rows: pl.DataFrame, stage: str, level: str = "total") -> dict:
    return rows.filter(pl.col("level") == level, pl.col("stages_covered") == stage).row(0, named=True)


def test_reached_is_how_far_a_deal_got_not_what_it_entered(rules: Rules) -> None:
    # won skips qualified; passed is in qualified for no night, so needs is where it is lost; early is lost from lead.
    deals = [("won", "won"), ("passed", "lost"), ("early", "lost")]
    stays = [("won", 10, 4), ("won", 30, 6), ("passed", 10, 2), ("passed", 20, 0), ("passed", 30, 5), ("early", 10, 9)]
    rows = conversions(tables(deals, stays), rules, date(2024, 1, 1))
    lead, qualified, needs = (row(rows, stage) for stage in STAGE.values())
    assert (lead["reached_count"], lead["exact_forward_count"], lead["mean_days"]) == (3, 2, 5)
    assert (qualified["reached_count"], qualified["exact_forward_count"], qualified["mean_days"]) == (2, 2, 0)
    assert (needs["reached_count"], needs["exact_forward_count"], needs["mean_days"]) == (2, 1, 5.5)
    assert {lead["basis"], lead["why_not"]} == {"exact_history", "too_few_deals"}
    created = row(rows, "created")
    assert (created["reached_count"], created["exact_forward_count"]) == (3, 1)


def test_an_empty_company_has_no_rows(rules: Rules) -> None:
    assert conversions(tables([], []), rules, date(2024, 1, 1)).is_empty()


def test_a_word_for_two_stages_is_a_row_of_its_own_and_never_weakest(rules: Rules) -> None:
    def lose(system: str, lost_in_qualified: int, words: dict[int, str]) -> Tables:
        deals = [(f"{system}{number}", "lost" if number < lost_in_qualified else "won") for number in range(100)]
        stays = [(deal, 20 if deal_outcome == "lost" else 30, 3) for deal, deal_outcome in deals]
        return tables(deals, stays, words, system)

    one, two = lose("a", 10, {}), lose("b", 60, {20: "lead+qualified"})
    names = [field.name for field in dataclasses.fields(Tables) if field.name != "periods"]
    both = Tables(**{name: pl.concat([getattr(one, name), getattr(two, name)]) for name in names}, periods=one.periods)
    rows = conversions(both, rules, date(2024, 1, 1))
    assert row(rows, "qualified")["conversion_rate"] == pytest.approx(0.9)  # of system a alone
    joint = row(rows, "lead+qualified")
    assert joint["conversion_rate"] == pytest.approx(0.4)
    assert (joint["why_not"], joint["is_comparable"], joint["is_weakest_stage"]) == (
        "one_word_for_two_stages",
        False,
        False,
    )
    assert row(rows, "qualified")["is_weakest_stage"]  # .9, far below 1 and 1


def test_a_member_is_below_its_peers_only_beyond_chance_over_all_of_them(rules: Rules) -> None:
    deals = [
        (f"{rep}-{number}", "won" if number % 10 < wins else "lost")
        for rep, wins in (("x", 5), ("y", 9), ("z", 8))
        for number in range(100)
    ]
    given = tables(deals, [(deal, 10, 3) for deal, _ in deals])
    reps = given.deals.select(
        pl.lit("rep").alias("level"), member=pl.col("opportunity_id").str.head(1), opportunity_id="opportunity_id"
    )
    rows = conversions(dataclasses.replace(given, members=reps), rules, date(2024, 1, 1))
    lead = rows.filter(pl.col("level") == "rep", pl.col("stage_code") == "lead").sort("member")
    assert lead["is_below_peers"].to_list() == [True, False, False]
    assert lead["peer_conversion_rate"].to_list() == pytest.approx([0.85, 0.65, 0.70])


def look(is_lost: list[int], stage: list[int], age: list[float], gap: float = 30) -> Sample:
    count = len(is_lost)
    lost = np.array(is_lost, dtype=float)
    return Sample(
        is_lost=lost,
        is_won=1 - lost,
        counted=np.ones(count),
        look_stage=np.array(stage),
        look_age=np.array(age, dtype=float),
        look_gap=np.full(count, gap),
        birth=np.full(count, np.nan),
        days=np.full((count, 2), 3.0),
    )


def test_losses_are_placed_by_the_last_look_and_days_by_little(rules: Rules) -> None:
    # 200 deals, 100 lost; of the 40 looked at within 3 days, 30 were in the first stage: 75 of 100 are lost from it.
    lost = [1] * 100 + [0] * 100
    found = estimate(look(lost, [0] * 30 + [1] * 10 + [1] * 160, [2] * 40 + [20] * 60 + [np.inf] * 100), 3, rules)
    assert found.reach == pytest.approx([1, 0.625])
    assert found.conversion == pytest.approx([0.625, 0.8])
    assert found.mean_days == pytest.approx([3, 4.8])
    assert (found.conversion_low < found.conversion).all() and (found.conversion < found.conversion_high).all()


def test_closings_that_crowd_before_the_export_are_reported(rules: Rules) -> None:
    even, lost = np.arange(300) % 30 + 1.0, [1] * 300
    assert not closings_cluster(look(lost, [0] * 300, list(even)), rules)
    crowded = np.where(np.arange(300) % 3 == 0, 29.0, even)
    assert closings_cluster(look(lost, [0] * 300, list(crowded)), rules)
    assert not closings_cluster(look(lost, [0] * 300, list(np.minimum(crowded, 7)), gap=7), rules)


@pytest.fixture(scope="module")
def world() -> worlds.Pool:
    return worlds.pool(3, 200)


@pytest.fixture(scope="module")
def by_cadence(world: worlds.Pool) -> dict[str, pl.DataFrame]:
    return {cadence: bench.estimates(world, cadence).sort("stage_order") for cadence in bench.CADENCES}


def test_how_often_lists_are_exported_does_not_move_conversion(by_cadence: dict[str, pl.DataFrame]) -> None:
    half = {
        cadence: (rows["conversion_high_95"] - rows["conversion_low_95"]) / 2 for cadence, rows in by_cadence.items()
    }
    apart = []
    for one, other in (("weekly", "monthly"), ("weekly", "quarterly"), ("monthly", "quarterly")):
        distance = (by_cadence[one]["conversion_rate"] - by_cadence[other]["conversion_rate"]).abs()
        apart += (distance > (half[one] ** 2 + half[other] ** 2).sqrt()).to_list()
    assert len(apart) == 18
    assert sum(apart) <= 1  # nine of ten


def test_a_history_that_arrives_late_moves_figures_only_inside_their_intervals(world: worlds.Pool) -> None:
    inside = []
    for seed in range(6):
        deals = worlds.with_even_calendar(worlds.sample(world, seed, 1000), seed)
        rows = bench.estimates(deals, "monthly").join(worlds.truth(deals), on="stage_code", suffix="_late")
        inside += (
            rows["conversion_rate_late"].is_between(rows["conversion_low_95"], rows["conversion_high_95"]).to_list()
        )
        assert (rows["mean_days"] / rows["mean_days_late"] - 1).abs().max() < 0.35  # as lists show it: 2 to 4 times
    assert len(inside) == 36
    assert sum(inside) >= 0.88 * len(inside)


def test_no_bound_depends_on_the_order_of_rows(world: worlds.Pool) -> None:
    listed, as_of = worlds.listed(worlds.sample(world, 1, 600), "monthly")
    names = [field.name for field in dataclasses.fields(listed)]
    mixed = {name: getattr(listed, name).sample(fraction=1, shuffle=True, seed=5) for name in names}
    ours, theirs = (conversions(made, worlds.rules(), as_of) for made in (listed, Tables(**mixed)))
    assert ours["conversion_low_95"].drop_nulls().len() > 4
    assert_frame_equal(ours, theirs, rel_tol=1e-9)


def test_naive_counts_would_fail_what_the_estimate_passes(world: worlds.Pool) -> None:
    """The bars are not loose: what monthly lists show deals enter misses the truth by more than an interval."""
    seen = worlds.sightings(world, worlds.export_days("monthly"))
    entered = seen.select("opportunity_id", "stage_order").unique()
    further = entered.join(entered, on="opportunity_id", suffix="_later").filter(
        pl.col("stage_order_later") > pl.col("stage_order")
    )
    moved = further.select("opportunity_id", "stage_order").unique().with_columns(has_moved=True)
    won = world.deals.select("opportunity_id", is_won=pl.col("outcome") == "won")
    rate = (
        entered.join(moved, on=["opportunity_id", "stage_order"], how="left")
        .join(won, on="opportunity_id")
        .group_by("stage_order")
        .agg(naive=(pl.col("has_moved").fill_null(False) | pl.col("is_won")).mean())
    )
    lead = rate.filter(pl.col("stage_order") == 10)["naive"].item()
    true = worlds.truth(world).filter(pl.col("stage_code") == "lead")["conversion_rate"].item()
    assert true - lead > 0.08


def test_rules_name_what_is_missing(rules: Rules) -> None:
    kept = [(name, value) for name, value in dataclasses.asdict(rules).items() if name != "min_deals"]
    with pytest.raises(ValueError, match="min_deals"):
        Rules.read(kept)


def test_deals_that_are_alike_are_drawn_together_with_the_same_figures_and_nearly_the_same_bounds(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, count = np.random.default_rng(4), 1400
    is_won = rng.random(count) < 0.3
    crowd = Sample(
        is_lost=(~is_won).astype(float),
        is_won=is_won.astype(float),
        counted=np.ones(count),
        look_stage=np.where(rng.random(count) < 0.6, rng.integers(0, 3, count), -1),
        look_age=rng.integers(1, 30, count).astype(float),
        look_gap=np.full(count, 30.0),
        birth=np.where(rng.random(count) < 0.9, rng.random(count), np.nan),
        days=rng.choice([0.0, 30.0, 30.5, 61.0], (count, 3)),
    )
    each = estimate(crowd, 7, rules)
    monkeypatch.setattr(last_look, "MANY", 1000)
    together = estimate(crowd, 7, rules)
    for name in ("reach", "conversion", "mean_days"):
        np.testing.assert_allclose(getattr(together, name), getattr(each, name), rtol=1e-9)
    for low, high, width in (("conversion_low", "conversion_high", 0.2), ("mean_days_low", "mean_days_high", 0.2)):
        size = getattr(each, high) - getattr(each, low)
        for bound in (low, high):
            assert (np.abs(getattr(together, bound) - getattr(each, bound)) < width * size).all()
    assert not np.array_equal(together.conversion_low, each.conversion_low)


def test_a_sample_that_is_known_is_not_estimated_again(world: worlds.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, as_of = worlds.listed(worlds.sample(world, 1, 600), "monthly")
    memory = Memory()
    first = conversions(listed, worlds.rules(), as_of, memory)
    assert memory.kept.height > 0
    estimated, found = list[Sample](), dated._found

    def noted(sample: Sample, rules: Rules) -> list[dict]:
        estimated.append(sample)
        return found(sample, rules)

    monkeypatch.setattr(dated, "_found", noted)
    again = conversions(listed, worlds.rules(), as_of, Memory(memory.kept.rows()))
    assert_frame_equal(again, first, check_exact=True)
    assert not estimated
    fewer = dataclasses.replace(worlds.rules(), bootstrap_samples=40)
    assert not conversions(listed, fewer, as_of, Memory(memory.kept.rows())).equals(first)
    assert len(estimated) == memory.kept.height


def test_a_sample_that_nobody_asks_for_is_forgotten(world: worlds.Pool) -> None:
    listed, as_of = worlds.listed(worlds.sample(world, 1, 600), "monthly")
    memory = Memory([("of another year", "[]")])
    conversions(listed, worlds.rules(), as_of, memory)
    assert "of another year" not in memory.kept["sample"].to_list()
