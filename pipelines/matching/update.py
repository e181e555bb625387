"""Matching only what is new, changed or gone since the last run, with the result of matching everything again.

The nightly SQL runs on the touched records alone. What a pair scores depends on its two records, on the rounded
frequencies of the values they share, the rounded totals and the prior; so a pair is weighed again when one of its
records changed or when a rounded frequency of a value of both did, and everything is when a total moved a step or a
system changed its kind.
"""

import hashlib
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.keys.tables import build_key_tables, parse_values, rules_version
from pipelines.matching.models import MATCHING, macro_value, model_sql, run_models
from pipelines.matching.touched import count, either, rows, touched
from pipelines.matching.update_pairs import CAPPED_BLOCKS, keep_blocks, keep_pairs
from pipelines.matching.update_values import keep_all_values, keep_frequencies, keep_touched_frequencies, patch_records

# exported_at is left out: a new export of an unchanged record is no news for matching
INPUTS = (
    *("source_system", "source_id", "account_name", "tax_id", "phone", "email", "website", "address", "city"),
    *("province", "postal_code", "industry", "birth_date", "contact_keys", "contact_domain_key"),
)
ROW_HASH = f"hash({', '.join(INPUTS)})"
MOST_CHANGED = 0.1  # beyond a tenth of the records, starting over is cheaper


@dataclass(frozen=True)
class Update:
    """record_nos: the records whose customer may be another now; None if that holds for all. reason: why, in words.

    is_anew: whether everything was matched. new: records that are new or changed; gone: that are gone or changed.
    """

    record_nos: npt.NDArray[np.int64] | None
    reason: str
    is_anew: bool = False
    new: int = 0
    gone: int = 0


def match_anew(connection: duckdb.DuckDBPyConnection, reason: str = "asked for") -> Update:
    """Match everything, and keep what the next `update` needs."""
    build_key_tables(connection, schema="staging")
    run_models(connection, ["mtc_contacts", *MATCHING])
    keep(connection)
    return Update(None, reason, is_anew=True)


def keep(connection: duckdb.DuckDBPyConnection) -> None:
    """What an update needs to know of the matching tables as they stand."""
    keep_all_values(connection)
    connection.execute(f"create or replace table matching.kept_capped as {CAPPED_BLOCKS}")
    connection.execute(
        "create or replace table matching.kept_inputs as"
        f" with inputs as (select source_system, source_id, {ROW_HASH} as row_hash from {_hashed('staging')})"
        " select row_hash, record_no from inputs"
        " inner join matching.mtc_keyed_records using (source_system, source_id)"
    )
    connection.execute("create or replace table matching.kept_namespaces as from matching.mtc_namespaces")
    connection.execute(f"create or replace table matching.kept_totals as {_known('matching.mtc_records')}")
    connection.execute("create or replace table matching.kept_rules as select ? as fingerprint", [_rules(connection)])


def update(connection: duckdb.DuckDBPyConnection) -> Update:
    """Bring `matching.*` up to date with `staging.stg_account_records`.

    Every table but for the record numbers, which stay, is as `match_anew` would make it.
    """
    if count(connection, "staging.stg_contacts") + count(connection, "matching.mtc_contacts"):
        build_key_tables(connection, schema="staging")
        run_models(connection, ["mtc_contacts"])
    found = attempt(connection)
    return match_anew(connection, found.reason) if found.is_anew else found


def attempt(connection: duckdb.DuckDBPyConnection) -> Update:
    """As `update` with `matching.mtc_contacts` as it is to be; where everything is to be matched anew it says so and
    leaves the tables half-way.

    In a transaction, roll back then: a table that was changed in it cannot be replaced in it. The schema `touched` is
    left behind, to be looked at or dropped.
    """
    if not is_kept(connection):
        return Update(None, "other rules, or nothing kept from an earlier run", is_anew=True)
    connection.execute("drop schema if exists touched cascade; create schema touched")
    new, old = _difference(connection)
    if new + old > MOST_CHANGED * max(count(connection, "staging.stg_account_records"), 10):
        return Update(None, f"{new} new or changed and {old} old or gone are too many", is_anew=True)
    for step in (_keep_keys, keep_frequencies, _keep_records, keep_blocks, keep_pairs):
        reason = step(connection)
        if reason:
            return Update(None, reason, is_anew=True)
    prior = rows(connection, "select prior_bits from matching.mtc_prior")
    run_models(connection, ["mtc_prior"])
    _keep_links(connection)
    if prior != rows(connection, "select prior_bits from matching.mtc_prior"):
        return Update(None, "the prior moved a step", new=new, gone=old)
    reason = f"{new} new or changed, {old} old or gone"
    return Update(_records_of_touched_groups(connection), reason, new=new, gone=old)


def _rules(connection: duckdb.DuckDBPyConnection) -> str:
    """What the kept tables were made by: names, SQL, weights, and words."""
    seeds = [str(rows(connection, f"from policy.{name} order by all")) for name in ("match_weights", "industries")]
    parts = [rules_version(), *map(model_sql, ("mtc_contacts", *MATCHING)), *seeds]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_kept(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the matching tables that stand were made by the rules and weights of today, and kept for updates."""
    tables = {
        *MATCHING,
        "kept_rules",
        "kept_inputs",
        "kept_values",
        "kept_counts",
        "kept_totals",
        "kept_capped",
        "kept_namespaces",
    }
    present = "select table_name from information_schema.tables where table_schema = 'matching'"
    if not tables <= {name for (name,) in rows(connection, present)}:
        return False
    return rows(connection, "from matching.kept_rules") == [(_rules(connection),)]


def _hashed(schema: str) -> str:
    """The account records of a schema with all that `ROW_HASH` reads."""
    return f"{schema}.stg_account_records as accounts left join matching.mtc_contacts using (source_system, source_id)"


def _difference(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    now = f"select accounts.*, {ROW_HASH} as row_hash from {_hashed('staging')}"
    connection.execute(
        "create table touched.stg_account_records as"
        f" select * from ({now}) anti join matching.kept_inputs using (row_hash);"
        "create table touched.old_numbers as select record_no from matching.kept_inputs limit 0"
    )
    come = count(connection, "touched.stg_account_records")
    # as many stand as were kept: then none of these is gone, and they need not be looked for
    if count(connection, "staging.stg_account_records") - come != count(connection, "matching.kept_inputs"):
        connection.execute(
            "insert into touched.old_numbers select record_no from matching.kept_inputs"
            f" anti join (select row_hash from ({now})) using (row_hash)"
        )
    return come, count(connection, "touched.old_numbers")


def _keep_keys(connection: duckdb.DuckDBPyConnection) -> str | None:
    parse_values(connection, schema="touched", into="touched")
    is_old = "record_no in (from touched.old_numbers)"
    has_old = bool(rows(connection, "from touched.old_numbers limit 1"))
    connection.execute(f"create table touched.keyed_old as from matching.mtc_keyed_records where {is_old}")
    last = rows(connection, "select coalesce(max(record_no), 0) from matching.mtc_keyed_records")[0][0]
    keyed = touched("mtc_keyed_records", "stg_account_records").replace("keys.", "touched.")
    connection.execute(
        f"create table touched.keyed_new as with keyed as ({keyed}),"
        " held as (select source_system, source_id, record_no as held_no from touched.keyed_old)"
        f" select keyed.* exclude (record_no), coalesce(held_no, {last} + record_no) as record_no"
        " from keyed left join held using (source_system, source_id)"
    )
    if has_old:
        connection.execute(
            f"delete from matching.mtc_keyed_records where {is_old}; delete from matching.kept_inputs where {is_old}"
        )
    connection.execute(
        "insert into matching.mtc_keyed_records by name from touched.keyed_new;"
        "insert into matching.kept_inputs by name select row_hash, record_no from touched.stg_account_records"
        " inner join touched.keyed_new using (source_system, source_id);"
        "create table touched.new_nos as select record_no from touched.keyed_new"
    )
    return "a system is new, or keeps persons now" if _moves(connection, "mtc_systems") else None


def _keep_records(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Make new records, and such that a word, a person or a registered name of moved, and write counts into the rest.

    Stale are new records, such with another rarest word, and persons, whose names may be written the other way round.
    """
    if _totals_move(connection):
        return "the number of records that know a field moved a step"
    connection.execute(
        "create table touched.record_nos as from touched.new_nos union select record_no from touched.moves"
        " where field in ('word', 'contact', 'legal_name') union select record_no from matching.mtc_records"
        " where is_person and record_no in (from touched.moved_nos);"
        "create table touched.words_before as select record_no, rarest_word from matching.mtc_records"
        " where record_no in (from touched.record_nos);"
        "create table touched.mtc_keyed_records as from touched.keyed_new union all by name"
        " from matching.mtc_keyed_records where record_no in (from touched.record_nos anti join touched.new_nos"
        " using (record_no))"
    )
    keep_touched_frequencies(connection)
    weighed = touched("mtc_records", "mtc_keyed_records", "mtc_frequencies")
    connection.execute(f"create table touched.weighed_records as {weighed}")
    patch_records(connection)
    connection.execute(
        "create table touched.stale as from touched.new_nos union from touched.old_numbers"
        " union select record_no from touched.weighed_records left join touched.words_before as before"
        " using (record_no) where is_person or weighed_records.rarest_word is distinct from before.rarest_word;"
        "delete from matching.mtc_records where record_no in"
        " (from touched.record_nos union from touched.old_numbers);"
        "insert into matching.mtc_records by name from touched.weighed_records"
    )
    return None


def _known(table: str) -> str:
    """One row per field: how many records of a table know it; those of mtc_totals before they are rounded."""
    known = {field["name"]: f"count({field['known']})" for field in macro_value("match_fields")} | {
        "record": "count(*)"
    }
    return " union all ".join(f"select '{field}' as field, {n} as n from {table}" for field, n in known.items())


def _totals_move(connection: duckdb.DuckDBPyConnection) -> bool:
    connection.execute(
        "create or replace table matching.kept_totals as select field, sum(n)::bigint as n"
        " from (from matching.kept_totals"
        f" union all {_known('touched.keyed_new')}"
        f" union all select field, -n from ({_known('touched.keyed_old')})) group by all"
    )
    rounded = f"select field, {macro_value('rounded_total', 'n')} as known_count from matching.kept_totals"
    return bool(rows(connection, f"from ({either('matching.mtc_totals', f'({rounded})')}) limit 1"))


def _moves(connection: duckdb.DuckDBPyConnection, model: str) -> bool:
    """Run a small model again; whether its rows are others than before."""
    shown = f"from matching.{model} order by all"
    before = rows(connection, shown)
    run_models(connection, [model])
    return before != rows(connection, shown)


def _keep_links(connection: duckdb.DuckDBPyConnection) -> None:
    """Seeds are then also the records whose certain links or declared keys are others than before."""
    connection.execute("create table touched.certain_before as from matching.mtc_certain_links")
    run_models(connection, ["mtc_certain_links"])
    before, now = "touched.certain_before", "matching.mtc_certain_links"
    connection.execute(
        f"insert into touched.seeds select unnest([record_no_l, record_no_r]) from ({either(before, now)})"
    )
    before, now = "matching.kept_namespaces", "matching.mtc_namespaces"
    connection.execute(
        "insert into touched.seeds select record_no from matching.mtc_keyed_records semi join"
        f" ({either(before, now)}) using (source_system, source_id);"
        "create or replace table matching.kept_namespaces as from matching.mtc_namespaces"
    )


def _records_of_touched_groups(connection: duckdb.DuckDBPyConnection) -> npt.NDArray[np.int64]:
    """Present records that a chain of positive links ties to a seed: no other record can change its customer."""
    links = connection.execute(
        "select record_no_l, record_no_r from matching.mtc_evidence cross join matching.mtc_prior"
        " where field_bits + prior_bits > 0 union all"
        " select record_no_l, record_no_r from matching.mtc_certain_links where is_same"
    ).fetchnumpy()
    left, right = links["record_no_l"], links["record_no_r"]
    seeds = connection.execute("select distinct record_no from touched.seeds").fetchnumpy()["record_no"]
    is_touched: npt.NDArray[np.bool_] = np.zeros(int(np.concatenate([left, right, seeds, [0]]).max()) + 1, dtype=bool)
    is_touched[seeds] = True
    while True:  # one step outwards at a time: groups are small
        crossing = is_touched[left] != is_touched[right]
        if not crossing.any():
            break
        is_touched[left[crossing]] = is_touched[right[crossing]] = True
    found = pl.DataFrame({"record_no": np.flatnonzero(is_touched)})  # noqa: F841 - DuckDB reads it
    present = "select record_no from matching.mtc_keyed_records where record_no in (from found) order by 1"
    return np.asarray(connection.execute(present).fetchnumpy()["record_no"], dtype=np.int64)
