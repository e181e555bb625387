"""How likely a stage is to be won: recounted deal by deal, and beside the true chances of the deals."""

from datetime import date, timedelta
from statistics import fmean

import duckdb
import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF

Tables = dict[str, pl.DataFrame]
MONTHS, ENOUGH = 36, 30  # as in the seed process_rules
TOLERANCE = (
    0.08  # 1.5 standard errors of a share over the hundred deals that tell of a stage in the company of the tests
)


def read(built: Built) -> Tables:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        names = ("stage_probabilities", "stage_moves", "opportunities")
        found = {name: connection.execute(f"from marts.{name}").pl() for name in names}
    return found | {"chances": pl.read_parquet(built.settings.home / "truth" / "deal_chances.parquet")}


@pytest.fixture(scope="module")
def tables(built: Built) -> Tables:
    return read(built)


def month_ends() -> list[date]:
    days, day = [], AS_OF
    for _ in range(MONTHS + 1):
        days.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return days


def sightings(tables: Tables) -> dict[str, list[tuple[str, date, date | None, bool]]]:
    """stage -> (deal, day, closing day, is_won) of every month end on which a deal with a history stands open there."""
    ends = dict[str, tuple]()
    for deal, opened, won, closed in (
        tables["opportunities"].select("opportunity_id", "is_open", "is_won", "closed_on").iter_rows()
    ):
        ends[deal] = (None, False) if opened else (closed, won)
    found: dict[str, list] = {}
    moves = tables["stage_moves"].sort("opportunity_id", "move_number")
    for (deal,), path in moves.group_by("opportunity_id", maintain_order=True):
        rows = path.to_dicts()
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            if not row["is_recorded"] or row["to_stage_code"] in ("won", "lost"):
                continue
            left = following["earliest_on"] if following else AS_OF + timedelta(days=1)
            for day in month_ends():
                closed, won = ends[str(deal)]
                if row["moved_on"] <= day < left and (closed is None or day <= closed <= AS_OF):
                    found.setdefault(row["to_stage_code"], []).append((str(deal), day, closed, won))
    return found


def test_the_share_that_a_stage_wins_is_recounted_from_the_deals_that_stood_in_it(tables: Tables) -> None:
    served = {row["stage_code"]: row for row in tables["stage_probabilities"].iter_rows(named=True)}
    compared = 0
    for stage, seen in sightings(tables).items():
        row = served[stage]
        if row["probability_basis"] != "exact_history":
            continue
        settled = [one for one in seen if (AS_OF - one[1]).days >= row["settling_days"]]
        ended = [(deal, won) for deal, _, closed, won in settled if closed]
        assert row["own_win_share"] == pytest.approx(fmean(won for _, won in ended))
        assert row["own_deal_count"] == len({deal for deal, _ in ended}) >= ENOUGH
        assert row["probability"] == row["own_win_share"]
        compared += 1
    assert compared >= 3


def test_a_stages_probability_is_nearer_to_the_true_chances_of_its_deals_than_a_constant(tables: Tables) -> None:
    recent = tables["chances"].filter(pl.col("month_end") > AS_OF.replace(year=AS_OF.year - 3))
    true = dict(recent.group_by("stage").agg(pl.col("p_won").mean()).iter_rows())
    rows = tables["stage_probabilities"].filter(pl.col("stage_type") == "open").to_dicts()
    own = {row["stage_code"]: abs(row["probability"] - true[row["stage_code"]]) for row in rows}
    seed = {row["stage_code"]: abs(row["default_probability"] - true[row["stage_code"]]) for row in rows}
    assert fmean(own.values()) <= TOLERANCE < fmean(seed.values()), (own, seed)
    lead = next(row for row in rows if row["stage_code"] == "lead")
    assert lead["own_share_low_95"] > lead["default_probability"], "a lead of this company wins more than one in ten"


def test_weighted_amounts_use_the_probability_of_the_stage_and_name_its_basis(tables: Tables) -> None:
    probabilities = {row["stage_code"]: row for row in tables["stage_probabilities"].iter_rows(named=True)}
    weighted = tables["opportunities"].filter(pl.col("is_open") & pl.col("amount_base").is_not_null())
    for row in weighted.iter_rows(named=True):
        stage = probabilities[row["stage_code"]]
        assert float(row["weighted_amount_base"]) == pytest.approx(
            float(row["amount_base"]) * stage["probability"], abs=1e-3
        )
        assert row["stage_probability_basis"] == stage["probability_basis"]
        assert row["default_probability"] == stage["default_probability"]
    assert weighted.height > 20
