"""What people believe is kept as it was known then, and is judged by how deals ended."""

from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
import pytest
from conftest import Built
from scipy import stats


@pytest.fixture(scope="module")
def warehouse(built: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(built.settings.working_file, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def months(warehouse: duckdb.DuckDBPyConnection, built: Built) -> pl.DataFrame:
    """Months that are judged, beside what the world's rep had typed in by then (percent)."""
    typed = warehouse.execute(
        """
        select months.*, deals.source_system, deals.source_id
        from intermediate.int_probability_months as months
        inner join marts.opportunities as deals using (opportunity_id)
        """
    ).pl()
    truth = built.settings.home / "truth"
    ids = pl.read_parquet(truth / "deals.parquet").select("source_system", "source_id", "true_deal_id")
    guesses = pl.read_parquet(truth / "deal_guesses.parquet").sort("true_deal_id", "day")
    months = typed.join(ids, on=["source_system", "source_id"]).sort("true_deal_id", "month_end")
    return months.join_asof(
        guesses.rename({"probability": "percent"}),
        left_on="month_end",
        right_on="day",
        by="true_deal_id",
        check_sortedness=False,
    )


def test_systems_with_a_history_know_what_was_typed_in_at_each_month_end(months: pl.DataFrame) -> None:
    exact = months.filter(pl.col("source_system").is_in(["salesforce", "zoho"]))
    same = (exact["probability"] * 100).round().cast(pl.Int64) == exact["percent"]
    assert len(exact) > 500
    assert same.mean() > 0.99  # an instant near midnight may fall on the day after


def test_no_probability_is_younger_than_its_month_end(months: pl.DataFrame) -> None:
    assert months["percent"].null_count() == 0
    ended = months.filter(pl.col("probability").is_in([0.0, 1.0]))
    assert len(ended) == 0  # what a system sets when a deal ends is no belief


def test_bias_and_its_correction_are_those_of_scipy(warehouse: duckdb.DuckDBPyConnection) -> None:
    deals = warehouse.execute(
        "select rep_id, opportunity_id, avg(probability - is_won::int) as d from intermediate.int_probability_months "
        "where rep_id is not null group by all"
    ).pl()
    served = warehouse.execute("select * from marts.probability_calibration where level = 'rep'").pl()
    expected = {}
    for (rep,), rows in deals.group_by("rep_id"):
        d = rows["d"].to_numpy()
        error = d.std(ddof=1) / np.sqrt(len(d))
        expected[rep] = (len(d), d.mean(), 2 * stats.norm.sf(abs(d.mean() / error)))
    tested = served.filter(pl.col("p_value").is_not_null()).sort("member")
    assert len(tested) >= 5
    adjusted = stats.false_discovery_control([expected[rep][2] for rep in tested["member"]])
    for row, corrected in zip(tested.iter_rows(named=True), adjusted, strict=True):
        n, bias, p = expected[row["member"]]
        assert (row["deal_count"], row["bias"]) == (n, pytest.approx(bias, abs=1e-6))
        assert (row["p_value"], row["adjusted_p_value"]) == pytest.approx((p, corrected), abs=2e-6)
        assert (row["bias_standing"] == "not_shown") == (corrected > 0.05)
