"""The bench of the deal forecast: worlds as the engine reads them, a right oracle, peers that know nothing later."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts.deals.history import History
from forecasts.deals.panel import past_origins
from forecasts.panel.frequency import Frequency
from pipelines.bench.deals_company import WEIGHTED, weighted_pipeline
from pipelines.bench.deals_figures import WorldRows, errors, figures_of
from pipelines.bench.deals_oracle import true_oracle
from pipelines.bench.deals_page import END, START, write_table
from pipelines.bench.deals_worlds import AS_OF, DealWorld, draw_world

MONTHS = Frequency("MS")


@pytest.fixture(scope="module")
def world() -> DealWorld:
    return draw_world(200, customers=300)


def test_a_drawn_world_says_what_is_true_at_a_past_day(world: DealWorld) -> None:
    day = date(2025, 3, 31)
    number = (day - date(1970, 1, 1)).days
    last = world.true.path.filter(pl.col("entered") <= number).group_by("deal", maintain_order=True).last()
    is_open = last.filter(~pl.col("stage").is_in(["won", "lost"]))
    history = History(day, world.deals, world.observations)
    spells = history.spells.filter(pl.col("ended_on").is_null())
    assert sorted(spells["deal_id"]) == [f"D{deal:06d}" for deal in sorted(is_open["deal"])]
    stages = history.observations.group_by("deal_id").last().join(spells.select("deal_id"), on="deal_id", how="semi")
    told = dict(zip(stages["deal_id"], stages["stage_code"], strict=True))
    assert told == {f"D{deal:06d}": stage for deal, stage in is_open.select("deal", "stage").rows()}


def test_the_oracle_expects_what_comes(world: DealWorld) -> None:
    """Wins of three years of months, and of two and five months ahead, within three standard errors of a count."""
    origins = past_origins(MONTHS, AS_OF, 36)[5:]
    oracle = true_oracle(world, origins, 6)
    won = world.deals.filter(pl.col("outcome") == "won").group_by(pl.col("closed_on").dt.truncate("1mo")).len()
    came = dict(won.iter_rows())
    for lag in (1, 3, 6):
        months = [MONTHS.starts(MONTHS.index(np.array([day])) + lag)[0].item() for day in origins]
        expected, actual = sum(oracle.won_deals[day][lag - 1] for day in origins), sum(came.get(m, 0) for m in months)
        assert abs(actual - expected) < 3 * np.sqrt(expected), lag


def _rows(values: list[float]) -> pl.DataFrame:
    """One world, one node, one lag: the naive is right at five origins and then wrong, the mean is near at all."""
    off = [value + 1 for value in values]
    size = len(values)
    return pl.DataFrame(
        {"seed": [1] * size, "as_of": [date(2025, 1 + i, 28) for i in range(size)], "level": ["total"] * size,
         "member": [""] * size, "horizon": [1] * size, "y": values, "mean": values, "yhat": values, "oracle": off,
         "table_yhat": values, "lo_95": values, "lo_80": values, "hi_80": values, "hi_95": values,
         "seasonal_naive": [10.0] * 5 + [0.0] * (size - 5), "last_value": [99.0] * size, "mean_of_12": [11.0] * size}
    )  # fmt: skip


def test_the_best_peer_is_the_one_that_was_best_before() -> None:
    from pipelines.bench.deals_figures import _with_best_peer

    chosen = _with_best_peer(_rows([10.0] * 8))["best_peer_so_far"].to_list()
    # nothing is known at the first origin: the mean; then the naive was right, until its first miss is over
    assert chosen == [11.0, 10.0, 10.0, 10.0, 10.0, 0.0, 11.0, 11.0]
    found = errors(_with_best_peer(_rows([10.0] * 8)))
    assert found["wape"]["yhat"] == 0 and found["coverage_80"] == 1 and found["above_median"] == 0


def test_figures_stand_between_the_marks_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    write_table(page, {"bohanec_b2b": {"deals": 3, "auc": 0.8, "brier": 0.1, "plain_auc": 0.7, "plain_brier": 0.2}})
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| bohanec_b2b, 3 deals: AUC / Brier | 0.8 / 0.1 |" in text


def test_chances_are_judged_beside_the_oracle() -> None:
    rng = np.random.default_rng(1)
    oracle = rng.random(3000)
    deals = pl.DataFrame(
        {"seed": np.repeat([1, 2], 1500), "deal_id": [f"d{i}" for i in range(3000)], "oracle": oracle, "chance": oracle,
         "by_stage": np.full(3000, 0.5), "typed": rng.random(3000), "won": rng.random(3000) < oracle,
         "model": ["win_model"] * 3000}
    )  # fmt: skip
    forecasts = pl.concat([_rows([10.0] * 8).with_columns(seed=pl.lit(seed)) for seed in (1, 2)])
    forecasts = pl.concat([forecasts.with_columns(horizon=pl.lit(lag)) for lag in (1, 2, 3, 6)])
    found = figures_of(WorldRows(deals, forecasts, 1.0))["win_model"]
    assert found["auc_below_oracle"] == 0 and found["by_stage"]["auc"] == 0.5
    assert found["calibration_slope"] == pytest.approx(1, abs=0.1)
    assert found["chance"]["brier"] < found["by_stage"]["brier"] == 0.25 < found["typed"]["brier"]


def test_the_weighted_pipeline_is_what_was_open_and_entered_on_the_day() -> None:
    """a: 100 at .5 in March, b: 40 at .25 overdue, so in February; c won before, d not known yet, e without a close."""
    day, later = date(2025, 1, 31), date(2025, 6, 1)
    seen = [
        ("a", date(2025, 1, 5), "open", "proposal", 100.0, date(2025, 3, 9)),
        ("a", date(2025, 2, 5), "open", "proposal", 900.0, date(2025, 2, 9)),
        ("b", date(2025, 1, 5), "open", "lead", 40.0, date(2024, 12, 1)),
        ("c", date(2025, 1, 5), "won", None, 70.0, date(2025, 2, 9)),
        ("d", date(2025, 2, 5), "open", "lead", 80.0, date(2025, 3, 9)),
        ("e", date(2025, 1, 5), "open", "lead", 80.0, None),
    ]
    kinds = {"deal_id": pl.String, "known_on": pl.Date, "status_code": pl.String, "stage_code": pl.String}
    more = {"amount": pl.Float64, "expected_close_on": pl.Date}
    observations = pl.DataFrame(seen, schema={**kinds, **more}, orient="row")
    deals = pl.DataFrame({"deal_id": list("abcde")}).with_columns(
        created_on=pl.lit(date(2024, 12, 1)), closed_on=pl.lit(later), outcome=pl.lit("won"), amount=pl.lit(1000.0)
    )
    rows = weighted_pipeline(deals, observations, {"proposal": 0.5, "lead": 0.25}, day)
    assert rows.select("period_start", WEIGHTED).rows() == [(date(2025, 2, 1), 10.0), (date(2025, 3, 1), 50.0)]
    assert rows["cutoff"].unique().to_list() == [day]
