"""An incremental match gives the same as a full one, however the records arrive."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from unittest import mock

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from match_home import FIELDS, MatchHome, home_with

from pipelines import keys
from pipelines.bench.match_data import sample_company
from pipelines.home import warehouse
from pipelines.matching import nightly, update_values
from pipelines.matching.engine import engine, load_records
from pipelines.matching.models import MATCHING
from pipelines.matching.update import match_all, update
from pipelines.resolve import ids, resolve_customers
from pipelines.resolve.update import resolve_affected

KEY = ["source_system", "source_id"]
TABLES = ("mtc_frequencies", "mtc_capped_blocks", "mtc_totals", "mtc_prior", "mtc_systems")
EMPTY_LOG = pl.DataFrame(schema=ids.LOG_COLUMNS)


def stamp(number: int) -> dict[str, object]:
    return {"run_id": f"r{number}", "as_of": date(2026, 1, number), "recorded_at": datetime(2026, 1, number)}


def begin(connection: duckdb.DuckDBPyConnection, log: pl.DataFrame) -> None:
    """An empty `resolved` with the log so far."""
    connection.execute("create schema if not exists raw; create schema if not exists resolved")
    connection.execute("create or replace table raw.accounts as from staging.stg_account_records")
    connection.execute("create or replace table resolved.customer_events as from log")


def arrive(connection: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> None:
    load_records(connection, records)
    connection.execute("create or replace table raw.accounts as from staging.stg_account_records")


def pairs(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every pair by the keys of its records, independent of record numbers."""
    rows = connection.execute(
        "select l.source_system || '|' || l.source_id as a, r.source_system || '|' || r.source_id as b,"
        " pairs.* exclude (record_no_l, record_no_r) from matching.mtc_pairs as pairs"
        " join matching.mtc_records as l on l.record_no = record_no_l"
        " join matching.mtc_records as r on r.record_no = record_no_r"
    ).pl()
    ends = {"a": pl.min_horizontal("a", "b"), "b": pl.max_horizontal("a", "b")}
    return rows.with_columns(**ends).sort("a", "b")


def resolved(connection: duckdb.DuckDBPyConnection) -> list[list[tuple]]:
    order = {
        "customer_map": "source_system, source_id",
        "customer_aliases": "alias_customer_id",
        "customer_reviews": "source_system_l, source_id_l, source_system_r, source_id_r",
    }
    return [connection.execute(f"from resolved.{name} order by {by}").fetchall() for name, by in order.items()]


def world(count: int) -> pl.DataFrame:
    """Customer records, every third of which names a person whom another record names as well."""
    records = sample_company(count).drop("truth").with_columns(exported_at=pl.lit(datetime(2026, 1, 1)))
    person = (pl.int_range(pl.len()) * 7919 % 40).cast(pl.String)
    named = pl.when(pl.int_range(pl.len()) % 3 == 0)
    return records.with_columns(
        contact_name=named.then("Person " + person),
        contact_email=named.then("person" + person + "@office.example.com"),
        contact_job_title=named.then(pl.lit("buyer")),
    )


WORLD = world(260)


@pytest.fixture(autouse=True, scope="module")
def many_values_are_common() -> Iterator[None]:
    """As in a large company: the records of many values are not read, only their number is kept."""
    with mock.patch.object(update_values, "COMMON", 3):
        yield


def changed(records: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Two records with another telephone and a cut name."""
    before = records.sample(2, seed=seed)
    after = before.with_columns(
        phone=pl.lit("021-55551234"),
        account_name=pl.col("account_name").str.slice(0, 4),
        contact_email=pl.lit("person1@office.example.com"),
    )
    return pl.concat([records.join(before, on=KEY, how="anti"), after])


@given(st.integers(0, 10_000), st.lists(st.integers(1, 6), min_size=1, max_size=2))
@settings(max_examples=2, deadline=None)
def test_records_that_arrive_in_parts_are_matched_as_if_all_had_arrived_at_once(seed: int, sizes: list[int]) -> None:
    present = WORLD.sample(220, seed=seed)
    to_come = WORLD.join(present, on=KEY, how="anti")
    with engine(present) as parts:
        begin(parts, EMPTY_LOG)
        match_all(parts)
        resolve_affected(parts, None, stamp(1))
        for number, size in enumerate(sizes, start=2):
            new, to_come = to_come.head(size), to_come.slice(size)
            present = changed(pl.concat([present.slice(1), new]), seed)
            log = parts.execute("from resolved.customer_events").pl()
            arrive(parts, present)
            events = resolve_affected(parts, update(parts).record_nos, stamp(number))
            with engine(present) as once:
                begin(once, log)
                match_all(once)
                all_events = resolve_affected(once, None, stamp(number))
                assert pairs(parts).equals(pairs(once))
                for name in TABLES:
                    listed = f"from matching.{name} order by all"
                    assert parts.execute(listed).fetchall() == once.execute(listed).fetchall(), name
                assert resolved(parts) == resolved(once)
                assert events.sort(KEY).equals(all_events.sort(KEY))


def test_only_the_clusters_of_new_records_are_affected() -> None:
    last = WORLD.tail(1)
    with engine(WORLD.head(WORLD.height - 1)) as connection:
        begin(connection, EMPTY_LOG)
        match_all(connection)
        arrive(connection, WORLD)
        updated = update(connection)
        if updated.record_nos is None:
            pytest.fail(updated.reason)
        assert 0 < len(updated.record_nos) < 60
        keys = connection.execute("select source_system, source_id from matching.mtc_records").fetchall()
        assert last.select(KEY).row(0) in keys


def test_changed_weights_and_a_new_system_are_reasons_for_a_full_match() -> None:
    with engine(WORLD.head(120)) as connection:
        match_all(connection)
        nothing = update(connection)
        assert nothing.record_nos is not None and len(nothing.record_nos) == 0
        stranger = WORLD.slice(120, 1).with_columns(source_system=pl.lit("zz"))
        load_records(connection, pl.concat([WORLD.head(120), stranger]))
        assert "system" in update(connection).reason
        connection.execute("update policy.match_weights set match_share = 0.5 where level = 'same_legal_name'")
        assert "weights changed" in update(connection).reason


def nightly_home(folder: Path, records: pl.DataFrame) -> MatchHome:
    """A home whose first run has matched everything and given ids."""
    home = home_with(folder, records.select(FIELDS).rows())
    assert nightly.models_left_to_update(home.settings) == ()
    matched = nightly.keep_for_updates(home.settings)
    assert matched.sentence() == f"matched all {len(records)} records (first run)"
    assert matched.metadata()["matching/mode"] == "full"
    resolve_customers(home.settings, home.run("live"))
    return home


def add(home: MatchHome, records: pl.DataFrame) -> None:
    with warehouse.write(home.settings) as connection:
        for row in records.select(FIELDS).rows():
            for table in ("raw.accounts", "staging.stg_account_records"):
                columns = ", ".join(FIELDS)
                connection.execute(
                    f"insert into {table} (exported_at, {columns}) values ('2026-01-02', ?,?,?,?,?,?)", row
                )
    keys.build_keys(home.settings)


def served(home: MatchHome) -> list[list[tuple]]:
    with warehouse.read(home.settings) as connection:
        tables = ("customer_map", "customer_events", "customer_reviews", "customer_aliases")
        return [connection.execute(f"from resolved.{name} order by all").fetchall() for name in tables]


def test_a_run_with_few_new_records_matches_incrementally_and_serves_the_same_rows(tmp_path: Path) -> None:
    first, new = WORLD.head(256), WORLD.slice(256, 1)
    quick, full = nightly_home(tmp_path / "quick", first), nightly_home(tmp_path / "full", first)
    add(quick, new)
    add(full, new)
    assert nightly.models_left_to_update(quick.settings) == MATCHING
    matched = nightly.update_matching(quick.settings)
    assert matched.sentence() == "updated the matches of 257 records (1 new or changed, 0 replaced or removed)"
    figures = matched.metadata()
    assert (figures["matching/mode"], figures["matching/new_or_changed"], figures["matching/replaced_or_removed"]) == (
        "incremental",
        1,
        0,
    )
    assert 0 < int(figures["matching/affected"]) < 60
    assert nightly.models_left_to_update(full.settings, is_full=True) == ()
    full.match()
    for home in (quick, full):
        resolve_customers(home.settings, home.run("live", 2))
    assert served(quick) == served(full)


def test_a_run_that_died_after_matching_everything_leaves_nothing_to_build_on(tmp_path: Path) -> None:
    home = nightly_home(tmp_path, WORLD.head(60))
    assert nightly.models_left_to_update(home.settings, is_full=True) == ()
    assert nightly.models_left_to_update(home.settings) == ()


def test_a_run_that_was_killed_between_two_seeds_is_followed_by_one_that_matches_everything(tmp_path: Path) -> None:
    """dbt drops a seed before it loads it again: the next run found no table and ended, and so did each after it."""
    home = nightly_home(tmp_path, WORLD.head(60))
    assert nightly.models_left_to_update(home.settings) == MATCHING
    with warehouse.write(home.settings) as connection:
        connection.execute("drop table policy.industries")
    assert nightly.models_left_to_update(home.settings) == ()
