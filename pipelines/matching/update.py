"""Matching only what is new, changed or removed since the last run, with the result of matching everything again.

The nightly SQL runs on the affected records alone. The score of a pair depends on its two records, on the rounded
frequencies of the values they share, the rounded totals and the prior. So a pair is weighed again when one of its
records changed or when the rounded frequency of a shared value did; everything is matched again when a rounded total
changed or a system changed its kind.
"""

import hashlib
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.home.warehouse import frames
from pipelines.keys.tables import build_key_tables, parse_values, rules_version
from pipelines.matching.models import MATCHING, macro_value, model_sql, run_models
from pipelines.matching.sql_deltas import count, delta_sql, rows, symmetric_difference
from pipelines.matching.update_pairs import CAPPED_BLOCKS, keep_blocks, keep_pairs
from pipelines.matching.update_values import keep_all_values, keep_delta_frequencies, keep_frequencies, patch_records

# without exported_at: a new export of an unchanged record changes nothing in matching
INPUTS = (
    *("source_system", "source_id", "account_name", "tax_id", "phone", "email", "website", "address", "city"),
    *("province", "postal_code", "industry", "birth_date", "contact_keys", "contact_domain_key"),
)
ROW_HASH = f"hash({', '.join(INPUTS)})"
RULE_SEEDS = ("match_weights", "industries", "placeholders")
MOST_CHANGED = 0.1  # above a tenth of the records, matching everything is cheaper


@dataclass(frozen=True)
class Update:
    """record_nos: the affected records, whose customer may change; None for all. reason: what happened, as text.

    is_full: whether everything was matched. new: records that are new or changed. old: records that were replaced or
    removed.
    """

    record_nos: npt.NDArray[np.int64] | None
    reason: str
    is_full: bool = False
    new: int = 0
    old: int = 0


def match_all(connection: duckdb.DuckDBPyConnection, reason: str = "requested") -> Update:
    """Match everything, and keep what the next `update` needs."""
    build_key_tables(connection, schema="staging")
    run_models(connection, ["mtc_contacts", *MATCHING])
    keep(connection)
    return Update(None, reason, is_full=True)


def keep(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep what the next update needs to know of the current matching tables."""
    keep_all_values(connection)
    connection.execute(f"create or replace table matching.kept_capped as {CAPPED_BLOCKS}")
    connection.execute(
        "create or replace table matching.kept_inputs as"
        f" with inputs as (select source_system, source_id, {ROW_HASH} as row_hash from {_hashed('staging')})"
        " select row_hash, record_no from inputs"
        " inner join matching.mtc_keyed_records using (source_system, source_id)"
    )
    connection.execute("create or replace table matching.kept_namespaces as from matching.mtc_namespaces")
    connection.execute(f"create or replace table matching.kept_totals as {_known_counts('matching.mtc_records')}")
    connection.execute("create or replace table matching.kept_rules as select ? as fingerprint", [_rules(connection)])


def update(connection: duckdb.DuckDBPyConnection) -> Update:
    """Bring `matching.*` up to date with `staging.stg_account_records`.

    Every table is as `match_all` would make it, except for the record numbers, which stay.
    """
    if count(connection, "staging.stg_contacts") + count(connection, "matching.mtc_contacts"):
        build_key_tables(connection, schema="staging")
        run_models(connection, ["mtc_contacts"])
    done = try_update(connection)
    return match_all(connection, done.reason) if done.is_full else done


def try_update(connection: duckdb.DuckDBPyConnection) -> Update:
    """As `update`, but expects `matching.mtc_contacts` to be current. Where everything must be matched again it returns
    `is_full` and leaves the tables partly changed.

    In a transaction, roll back then: a table that was changed in it cannot be replaced in it. The schema `delta` stays,
    to be inspected or dropped.
    """
    if not is_kept(connection):
        return Update(None, "matching rules or weights changed, or nothing kept from an earlier run", is_full=True)
    connection.execute("drop schema if exists delta cascade; create schema delta")
    new, old = _difference(connection)
    if new + old > MOST_CHANGED * max(count(connection, "staging.stg_account_records"), 10):
        return Update(None, f"too many changes: {new} new or changed, {old} replaced or removed", is_full=True)
    for step in (_keep_keys, keep_frequencies, _keep_records, keep_blocks, keep_pairs):
        reason = step(connection)
        if reason:
            return Update(None, reason, is_full=True)
    prior = rows(connection, "select prior_bits from matching.mtc_prior")
    run_models(connection, ["mtc_prior"])
    _keep_links(connection)
    if prior != rows(connection, "select prior_bits from matching.mtc_prior"):
        return Update(None, "the rounded prior changed", new=new, old=old)
    reason = f"{new} new or changed, {old} replaced or removed"
    return Update(_affected_records(connection), reason, new=new, old=old)


def _rules(connection: duckdb.DuckDBPyConnection) -> str:
    """A digest of what the kept tables were made by: key rules, SQL and seeds."""
    seeds = [str(rows(connection, f"from policy.{name} order by all")) for name in RULE_SEEDS]
    parts = [rules_version(), *map(model_sql, ("mtc_contacts", *MATCHING)), *seeds]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_kept(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the current matching tables were made by the current rules and weights, and kept for updates."""
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
    # A run that is killed while dbt loads its seeds leaves one of them out.
    wanted = {*(("matching", name) for name in tables), *(("policy", name) for name in RULE_SEEDS)}
    if not wanted <= set(rows(connection, "select table_schema, table_name from information_schema.tables")):
        return False
    return rows(connection, "from matching.kept_rules") == [(_rules(connection),)]


def _hashed(schema: str) -> str:
    """The account records of a schema with every column that `ROW_HASH` reads."""
    return f"{schema}.stg_account_records as accounts left join matching.mtc_contacts using (source_system, source_id)"


def _difference(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    now = f"select accounts.*, {ROW_HASH} as row_hash from {_hashed('staging')}"
    connection.execute(
        "create table delta.stg_account_records as"
        f" select * from ({now}) anti join matching.kept_inputs using (row_hash);"
        "create table delta.old_numbers as select record_no from matching.kept_inputs limit 0"
    )
    arrived = count(connection, "delta.stg_account_records")
    # if as many remain as were kept, none was removed and the search is not needed
    if count(connection, "staging.stg_account_records") - arrived != count(connection, "matching.kept_inputs"):
        connection.execute(
            "insert into delta.old_numbers select record_no from matching.kept_inputs"
            f" anti join (select row_hash from ({now})) using (row_hash)"
        )
    return arrived, count(connection, "delta.old_numbers")


def _keep_keys(connection: duckdb.DuckDBPyConnection) -> str | None:
    parse_values(connection, schema="delta", into="delta")
    is_old = "record_no in (from delta.old_numbers)"
    has_old = bool(rows(connection, "from delta.old_numbers limit 1"))
    connection.execute(f"create table delta.keyed_old as from matching.mtc_keyed_records where {is_old}")
    last = rows(connection, "select coalesce(max(record_no), 0) from matching.mtc_keyed_records")[0][0]
    keyed = delta_sql("mtc_keyed_records", "stg_account_records").replace("keys.", "delta.")
    connection.execute(
        f"create table delta.keyed_new as with keyed as ({keyed}),"
        " old as (select source_system, source_id, record_no as old_no from delta.keyed_old)"
        f" select keyed.* exclude (record_no), coalesce(old_no, {last} + record_no) as record_no"
        " from keyed left join old using (source_system, source_id)"
    )
    if has_old:
        connection.execute(
            f"delete from matching.mtc_keyed_records where {is_old}; delete from matching.kept_inputs where {is_old}"
        )
    connection.execute(
        "insert into matching.mtc_keyed_records by name from delta.keyed_new;"
        "insert into matching.kept_inputs by name select row_hash, record_no from delta.stg_account_records"
        " inner join delta.keyed_new using (source_system, source_id);"
        "create table delta.new_nos as select record_no from delta.keyed_new"
    )
    return "a system is new, or now keeps persons" if _changes(connection, "mtc_systems") else None


def _keep_records(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Recompute new records, and those where the count of a word, contact person or registered name changed; write the
    changed counts into the rest.

    Stale are new records, records whose rarest word changed, and persons, whose names may be in either order.
    """
    if _totals_change(connection):
        return "the rounded number of records with a value in some field changed"
    connection.execute(
        "create table delta.record_nos as from delta.new_nos union select record_no from delta.recounted_records"
        " where field in ('word', 'contact', 'legal_name') union select record_no from matching.mtc_records"
        " where is_person and record_no in (from delta.recounted_nos);"
        "create table delta.rarest_words_before as select record_no, rarest_word from matching.mtc_records"
        " where record_no in (from delta.record_nos);"
        "create table delta.mtc_keyed_records as from delta.keyed_new union all by name"
        " from matching.mtc_keyed_records where record_no in (from delta.record_nos anti join delta.new_nos"
        " using (record_no))"
    )
    keep_delta_frequencies(connection)
    recomputed = delta_sql("mtc_records", "mtc_keyed_records", "mtc_frequencies")
    connection.execute(f"create table delta.recomputed_records as {recomputed}")
    patch_records(connection)
    connection.execute(
        "create table delta.stale as from delta.new_nos union from delta.old_numbers"
        " union select record_no from delta.recomputed_records left join delta.rarest_words_before as before"
        " using (record_no) where is_person or recomputed_records.rarest_word is distinct from before.rarest_word;"
        "delete from matching.mtc_records where record_no in"
        " (from delta.record_nos union from delta.old_numbers);"
        "insert into matching.mtc_records by name from delta.recomputed_records"
    )
    return None


def _known_counts(table: str) -> str:
    """SQL for one row per field: how many records have a value in it; mtc_totals before rounding."""
    known = {field["name"]: f"count({field['known']})" for field in macro_value("match_fields")} | {
        "record": "count(*)"
    }
    return " union all ".join(f"select '{field}' as field, {n} as n from {table}" for field, n in known.items())


def _totals_change(connection: duckdb.DuckDBPyConnection) -> bool:
    connection.execute(
        "create or replace table matching.kept_totals as select field, sum(n)::bigint as n"
        " from (from matching.kept_totals"
        f" union all {_known_counts('delta.keyed_new')}"
        f" union all select field, -n from ({_known_counts('delta.keyed_old')})) group by all"
    )
    rounded = f"select field, {macro_value('rounded_total', 'n')} as known_count from matching.kept_totals"
    return bool(rows(connection, f"from ({symmetric_difference('matching.mtc_totals', f'({rounded})')}) limit 1"))


def _changes(connection: duckdb.DuckDBPyConnection, model: str) -> bool:
    """Run a small model again; whether its rows changed."""
    query = f"from matching.{model} order by all"
    before = rows(connection, query)
    run_models(connection, [model])
    return before != rows(connection, query)


def _keep_links(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to `start_nos` the records whose certain links or declared keys changed."""
    connection.execute("create table delta.certain_before as from matching.mtc_certain_links")
    run_models(connection, ["mtc_certain_links"])
    before, now = "delta.certain_before", "matching.mtc_certain_links"
    connection.execute(
        "insert into delta.start_nos select unnest([record_no_l, record_no_r])"
        f" from ({symmetric_difference(before, now)})"
    )
    before, now = "matching.kept_namespaces", "matching.mtc_namespaces"
    connection.execute(
        "insert into delta.start_nos select record_no from matching.mtc_keyed_records semi join"
        f" ({symmetric_difference(before, now)}) using (source_system, source_id);"
        "create or replace table matching.kept_namespaces as from matching.mtc_namespaces"
    )


def _affected_records(connection: duckdb.DuckDBPyConnection) -> npt.NDArray[np.int64]:
    """Records that a chain of positive links connects to `start_nos`: no other record can change its customer."""
    links = connection.execute(
        "select record_no_l, record_no_r from matching.mtc_evidence cross join matching.mtc_prior"
        " where field_bits + prior_bits > 0 union all"
        " select record_no_l, record_no_r from matching.mtc_certain_links where is_same"
    ).fetchnumpy()
    left, right = links["record_no_l"], links["record_no_r"]
    start_nos = connection.execute("select distinct record_no from delta.start_nos").fetchnumpy()["record_no"]
    is_affected: npt.NDArray[np.bool_] = np.zeros(
        int(np.concatenate([left, right, start_nos, [0]]).max()) + 1, dtype=bool
    )
    is_affected[start_nos] = True
    while True:  # one link outwards at a time: clusters are small
        crossing = is_affected[left] != is_affected[right]
        if not crossing.any():
            break
        is_affected[left[crossing]] = is_affected[right[crossing]] = True
    present = "select record_no from matching.mtc_keyed_records where record_no in (from affected) order by 1"
    with frames(connection, affected=pl.DataFrame({"record_no": np.flatnonzero(is_affected)})):
        return np.asarray(connection.execute(present).fetchnumpy()["record_no"], dtype=np.int64)
