"""How many new deals a gap takes: the chance to be won inside a period, recounted, and beside the true deals."""

from datetime import date, timedelta
from math import ceil
from statistics import fmean

import duckdb
import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF

Tables = dict[str, pl.DataFrame]
ENOUGH, TWO_YEARS = 30, timedelta(days=730)  # as in the seed process_rules and the model


def read(built: Built) -> Tables:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        found = {name: connection.execute(f"from outlook.{name}").pl() for name in ("target_gap", "new_deal_win_rates")}
        found["opportunities"] = connection.execute("from marts.opportunities").pl()
    return found | {"facts": pl.read_parquet(built.settings.home / "truth" / "deal_facts.parquet")}


@pytest.fixture(scope="module")
def tables(built: Built) -> Tables:
    return read(built)


def chance(deals: list[tuple], day: date, start: date, end: date) -> tuple[int, int]:
    """Deals (created, won on) that tell, and those that would have been won inside a period, had they come on a day."""
    oldest, youngest = AS_OF - (end - day) - TWO_YEARS, AS_OF - (end - day)
    told = [(created, won) for created, won in deals if oldest <= created <= youngest]
    return len(told), sum(won is not None and start <= day + (won - created) <= end for created, won in told)


def best_chance(deals: list[tuple], start: date, end: date) -> float:
    days = [AS_OF + timedelta(days=number) for number in range(1, (end - AS_OF).days + 1, 7)]
    counts = [chance(deals, day, start, end) for day in days]
    return max(won / told for told, won in counts if told)


def running(tables: Tables) -> pl.DataFrame:
    rows = tables["new_deal_win_rates"].join(tables["target_gap"], on="target_id", suffix="_gap")
    return rows.filter((pl.col("metric") == "bookings") & (pl.col("level") == "total")).sort("period_start")


def test_the_chance_is_to_be_won_inside_the_period_not_before_it(tables: Tables) -> None:
    new = tables["opportunities"].filter((pl.col("deal_type") != "Renewal") & (pl.col("created_on") <= AS_OF))
    deals = [(row["created_on"], row["closed_on"] if row["is_won"] else None) for row in new.iter_rows(named=True)]
    deals = [(created, won if won and won >= created else None) for created, won in deals]
    rows = running(tables).to_dicts()
    for row in rows:
        assert row["closable_win_rate"] == pytest.approx(best_chance(deals, row["period_start"], row["period_end"]))
        assert row["best_creation_from"] is None or AS_OF < row["best_creation_from"] <= row["best_creation_to"]
    assert len(rows) > 8
    months = [row["closable_win_rate"] for row in rows if row["period"] == "month"]
    assert months and max(months) < 0.25, "four in ten are won at some time, not in one month"


def test_the_chance_is_that_of_the_true_deals(tables: Tables) -> None:
    facts = tables["facts"].filter(pl.col("deal_type") != "Renewal").to_dicts()
    deals = [(row["created_on"], row["closed_on"] if row["outcome"] == "won" else None) for row in facts]
    rows = running(tables).to_dicts()
    gaps = [row["closable_win_rate"] - best_chance(deals, row["period_start"], row["period_end"]) for row in rows]
    assert abs(fmean(gaps)) < 0.01 and max(map(abs, gaps)) < 0.03


def test_the_deals_needed_follow_from_the_amount_of_the_targets_own_segment(tables: Tables) -> None:
    rows = tables["target_gap"].filter(pl.col("new_opportunities_needed").is_not_null())
    won = tables["opportunities"].filter(
        pl.col("is_won") & (pl.col("deal_type") != "Renewal") & (pl.col("closed_on") <= AS_OF)
        & (pl.col("closed_on") > AS_OF.replace(year=AS_OF.year - 1)) & pl.col("amount_base").is_not_null()
    )  # fmt: skip
    columns = {"total": None, "team": "team", "region": "region", "product_line": "product_line"}
    for row in rows.iter_rows(named=True):
        column = columns[row["level"]]
        own = won if column is None else won.filter(pl.col(column) == row["member"])
        judged = own if own.height >= ENOUGH else won
        assert row["average_won_amount_base"] == pytest.approx(float(judged["amount_base"].cast(pl.Float64).mean()))
        needed = row["gap"] / row["average_won_amount_base"] / row["closable_win_rate"]
        assert row["new_opportunities_needed"] == ceil(round(needed, 6))
        assert (row["outlook"] == "out_of_reach") == (
            row["expected_amount"] + row["gap"] > row["reachable_amount"] + 1e-6
        )
    assert rows.height > 10
