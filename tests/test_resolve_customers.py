"""The step of a run: every record gets its customer, and the log grows by what changed and why, once."""

from datetime import date, datetime
from pathlib import Path

import gate_homes as homes
import polars as pl
import pytest
from resolve_world import FIRST, Nights, Pairs, begin, fill

from pipelines.home import state, warehouse
from pipelines.home.settings import Settings
from pipelines.resolve import resolve_customers
from pipelines.resolve.customers import first_exported

pytestmark = pytest.mark.fast
ALL_ALIKE = [("ab", 9.0), ("ac", 9.0), ("bc", 9.0)]
NO_LONGER = "the evidence no longer supports one customer"


def step(settings: Settings, day: int, records: str, pairs: Pairs, kind: str = "live") -> dict[str, int]:
    """The step of one day's run: rows of each table."""
    run = homes.start(settings, f"r{day}", kind, date(2026, 1, day))
    with warehouse.write(settings) as connection:
        fill(connection, records, pairs)
    return resolve_customers(settings, run)


def logged(settings: Settings) -> list[tuple[object, ...]]:
    """Run, event and record of every row of the kept log."""
    return state.read(settings, "customer_ids").select("run_id", "event", "source_id").rows()


def test_a_run_tells_the_rows_of_each_table_and_logs_what_changed(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    counts = step(settings, 1, "abc", [("ab", 9.0), ("bc", -1.0)])
    assert counts == {"customer_map": 3, "customer_events": 3, "customer_aliases": 0, "customer_reviews": 1}
    assert step(settings, 2, "abcd", [("ab", 9.0), ("bc", -1.0)])["customer_events"] == 4
    assert logged(settings) == [*(("r1", "mint", name) for name in "abc"), ("r2", "mint", "d")]
    row = state.read(settings, "customer_ids").row(0, named=True)
    assert (row["as_of"], row["recorded_at"]) == (date(2026, 1, 1), datetime(2026, 1, 1, 20))
    with warehouse.read(settings) as connection:
        found = connection.execute("select run_id from resolved.customer_events order by all").fetchall()
    assert found == [("r1",), ("r1",), ("r1",), ("r2",)]


def test_a_step_that_is_tried_again_keeps_what_it_logged_and_counts_nothing_twice(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    step(settings, 1, "ab", [])
    step(settings, 2, "abc", [])
    step(settings, 2, "abcd", [])
    assert logged(settings) == [*(("r1", "mint", name) for name in "ab"), *(("r2", "mint", name) for name in "cd")]


def test_a_look_at_the_past_uses_the_ids_and_adds_none(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    step(settings, 1, "ab", [])
    assert step(settings, 2, "abc", [], kind="backfill")["customer_events"] == 2
    assert logged(settings) == [("r1", "mint", "a"), ("r1", "mint", "b")]
    with warehouse.read(settings) as connection:
        assert len(connection.execute("from resolved.customer_map").fetchall()) == 3


def causes(nights: Nights) -> dict[object, object]:
    """Record -> cause of what the last night logged."""
    last = f"where run_id = 'r{nights.count}'"
    return dict(nights.rows(f"select source_id, event || ': ' || cause from resolved.customer_events {last}"))  # type: ignore[arg-type]


@pytest.mark.parametrize("affected", [None, "abcd"])
def test_a_split_names_the_decision_between_a_record_that_left_and_one_that_stayed(affected: str | None) -> None:
    nights = Nights()
    four = [*ALL_ALIKE, ("ad", 9.0), ("bd", 9.0), ("cd", 9.0)]
    nights.night("abcd", four)
    assert causes(nights)["a"] == "mint: 9.0 bits with crm/b"
    nights.night("abcd", [("ab", 9.0), ("cd", 9.0)], affected, apart="ac")
    assert causes(nights) == {"c": "split: li: ac", "d": "split: li: ac"}, "d left with c"
    nights.night("abcd", four, affected)
    assert {cause.split(":")[0] for cause in map(str, causes(nights).values())} == {"merge"}
    nights.night("abcd", [("ab", 9.0), ("cd", 9.0)], affected)
    assert causes(nights) == {"c": f"split: {NO_LONGER}", "d": f"split: {NO_LONGER}"}


def test_a_decision_about_others_is_not_why_a_record_left() -> None:
    """c leaves by its evidence; a and x were never one customer, nor were c and x."""
    nights = Nights()
    nights.night("abcx", ALL_ALIKE)
    nights.night("abcx", [("ab", 9.0)], apart="ax cx")
    assert causes(nights) == {"c": f"split: {NO_LONGER}"}


def test_of_several_decisions_a_record_names_its_own_and_the_first_by_name() -> None:
    nights = Nights()
    five = "abcde"
    nights.night(five, [(left + right, 9.0) for left in five for right in five if left < right])
    nights.night(five, [("ab", 9.0), ("ac", 9.0), ("bc", 9.0), ("de", 9.0)], apart="bd ad ec ae")
    assert causes(nights) == {"d": "split: li: ad", "e": "split: li: ae"}
    assert nights.rows("select distinct rule from resolved.customer_map") == [("score",)]


def test_a_record_was_first_exported_when_any_export_had_it_and_by_staging_where_none_is_kept() -> None:
    connection = begin()
    fill(connection, "ab", [])
    connection.execute(
        "insert into raw.accounts values ('crm', 'a', timestamp '2025-06-01');"
        "delete from raw.accounts where source_id = 'b'"
    )
    found = first_exported(connection).sort("source_id")
    assert found["first_seen_at"].to_list() == [datetime(2025, 6, 1), FIRST]
    of_b = pl.DataFrame({"source_system": ["crm"], "source_id": ["b"]})
    connection.register("keys", of_b.to_arrow())
    assert first_exported(connection, of_b)["source_id"].to_list() == ["b"]
