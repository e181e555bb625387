"""The pipeline of past months: what had been seen then, and what is known in hindsight only."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from conftest import Built

Tables = dict[str, pl.DataFrame]
WITH_HISTORY = ("salesforce", "zoho")  # their own histories tell of every day


def read(built: Built) -> Tables:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        found = {name: connection.execute(f"from marts.{name}").pl() for name in ("pipeline_changes", "opportunities")}
        found["variance_deals"] = connection.execute("from outlook.variance_deals").pl()
    exports = sorted((built.settings.home / "inbox" / "hubspot").glob("*eals*.csv"))
    found["first_export"] = pl.DataFrame({"path": [path.name for path in exports]})
    return found


@pytest.fixture(scope="module")
def tables(built: Built) -> Tables:
    return read(built)


def first_export_on(tables: Tables) -> date:
    """The day of the first list of deals, out of its file name."""
    digits = "".join(filter(str.isdigit, min(tables["first_export"]["path"])))[:8]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def month_end(start: date) -> date:
    return (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def test_before_the_first_export_the_deals_of_lists_without_history_are_hindsight(tables: Tables) -> None:
    deals = tables["opportunities"].filter(~pl.col("source_system").is_in(WITH_HISTORY)).to_dicts()
    rows = tables["pipeline_changes"].filter((pl.col("period") == "month") & (pl.col("movement") == "closing"))
    compared = 0
    for row in rows.iter_rows(named=True):
        end = month_end(row["period_start"])
        if end >= first_export_on(tables):
            continue
        unseen = [d for d in deals if d["created_on"] <= end and (d["is_open"] or d["closed_on"] > end)]
        assert row["reconstructed_deal_count"] == len(unseen), end
        assert row["is_reconstructed"] == bool(unseen)
        assert row["deal_count"] >= row["reconstructed_deal_count"]
        compared += bool(unseen)
    assert compared > 20


def test_once_every_list_is_exported_nothing_of_the_pipeline_is_hindsight(tables: Tables) -> None:
    rows = tables["pipeline_changes"].filter((pl.col("period") == "month") & (pl.col("movement") == "closing"))
    late = [row for row in rows.iter_rows(named=True) if month_end(row["period_start"]) >= first_export_on(tables)]
    assert [row["reconstructed_deal_count"] for row in late] == [0] * len(late) and len(late) > 10


def test_a_win_of_a_deal_that_no_export_had_shown_is_not_called_undated(tables: Tables) -> None:
    rows = tables["variance_deals"].join(tables["opportunities"], on="opportunity_id", suffix="_deal")
    unseen = rows.filter(
        ~pl.col("source_system").is_in(WITH_HISTORY)
        & (pl.col("as_of") < first_export_on(tables))
        & pl.col("is_won")
        & pl.col("closed_on").is_between(pl.col("period_start"), pl.col("period_end"))
        & (pl.col("created_on") <= pl.col("as_of"))
    )
    assert {*unseen["reason"]} == {"not_exported_yet"} and unseen.height > 20
