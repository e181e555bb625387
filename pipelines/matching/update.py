"""Matching only what is new, changed or gone since the last run, with the result of matching everything again.

The nightly SQL runs on the touched records alone. What a pair scores depends on its two records, on the rounded
frequencies of their values, the rounded totals and the prior; so a record is weighed again when it changed or when a
rounded frequency of one of its values did, and everything is when a total moved a step or a system changed its kind.
"""

import hashlib
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from pipelines.matching.models import MATCHING, macro_value, model_sql, relation, run_models
from pipelines.matching.touched import count, either, rows, touched
from pipelines.matching.update_pairs import keep_blocks, keep_pairs
from pipelines.names.build import build_key_tables, rules_version

# exported_at is left out: a new export of an unchanged record is no news for matching
INPUTS = (
    *("source_system", "source_id", "account_name", "tax_id", "phone", "email", "website", "address", "city"),
    *("province", "postal_code", "industry", "birth_date", "contact_keys", "contact_domain_key"),
)
ROW_HASH = f"hash({', '.join(INPUTS)})"
INPUT_ROWS = "(from staging.stg_account_records left join matching.mtc_contacts using (source_system, source_id))"
FRESH = "touched.frequencies"
MOST_CHANGED = 0.1  # beyond a tenth of the records, starting over is cheaper


@dataclass(frozen=True)
class Update:
    """record_nos: the records whose customer may be another now; None if that holds for all. reason: why, in words."""

    record_nos: npt.NDArray[np.int64] | None
    reason: str


def match_anew(connection: duckdb.DuckDBPyConnection, reason: str = "asked for") -> Update:
    """Match everything, and keep what the next `update` needs."""
    build_key_tables(connection, schema="staging")
    run_models(connection)
    connection.execute(
        "create or replace table matching.kept_inputs as"
        f" with inputs as (select source_system, source_id, {ROW_HASH} as row_hash from {INPUT_ROWS})"
        " select row_hash, record_no from inputs"
        " inner join matching.mtc_keyed_records using (source_system, source_id)"
    )
    connection.execute("create or replace table matching.kept_namespaces as from matching.mtc_namespaces")
    connection.execute("create or replace table matching.kept_rules as select ? as fingerprint", [_rules(connection)])
    return Update(None, reason)


def update(connection: duckdb.DuckDBPyConnection) -> Update:
    """Bring `matching.*` up to date with `staging.stg_account_records`.

    Every table but for the record numbers, which stay, is as `match_anew` would make it.
    """
    if not _is_kept(connection):
        return match_anew(connection, "other rules, or nothing kept from an earlier run")
    connection.execute("drop schema if exists touched cascade; create schema touched")
    new, old = _difference(connection)
    if new + old > MOST_CHANGED * max(count(connection, "staging.stg_account_records"), 10):
        return match_anew(connection, "too much changed")
    for step in (_keep_keys, _keep_frequencies, _keep_records, keep_blocks, keep_pairs):
        reason = step(connection)
        if reason:
            return match_anew(connection, reason)
    prior = rows(connection, "select prior_bits from matching.mtc_prior")
    run_models(connection, ["mtc_prior"])
    _keep_links(connection)
    if prior != rows(connection, "select prior_bits from matching.mtc_prior"):
        return Update(None, "the prior moved a step")
    return Update(_records_of_touched_groups(connection), f"{new} new or changed, {old} old or gone")


def _rules(connection: duckdb.DuckDBPyConnection) -> str:
    """What the kept tables were made by: names, SQL, weights, and words."""
    seeds = [str(rows(connection, f"from policy.{name} order by all")) for name in ("match_weights", "industries")]
    parts = [rules_version(), *map(model_sql, MATCHING), *seeds]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _is_kept(connection: duckdb.DuckDBPyConnection) -> bool:
    found = "select 1 from information_schema.tables where table_schema = 'matching' and table_name = 'kept_rules'"
    kept = rows(connection, found) and rows(connection, "from matching.kept_rules")
    return kept == [(_rules(connection),)]


def _difference(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    connection.execute(
        f"create table touched.hashed as select *, {ROW_HASH} as row_hash from {INPUT_ROWS}"
        f" where {ROW_HASH} not in (select row_hash from matching.kept_inputs)"
    )
    connection.execute(
        "create table touched.stg_account_records as"
        " select * exclude (row_hash, contact_keys, contact_domain_key) from touched.hashed"
    )
    connection.execute(
        "create table touched.old_numbers as select record_no from matching.kept_inputs"
        f" where row_hash not in (select {ROW_HASH} from {INPUT_ROWS})"
    )
    return count(connection, "touched.hashed"), count(connection, "touched.old_numbers")


def _keep_keys(connection: duckdb.DuckDBPyConnection) -> str | None:
    build_key_tables(connection, schema="touched")
    connection.execute(
        "create table touched.keyed_old as from matching.mtc_keyed_records"
        " where record_no in (from touched.old_numbers)"
    )
    last = rows(connection, "select coalesce(max(record_no), 0) from matching.mtc_keyed_records")[0][0]
    connection.execute(
        f"create table touched.keyed_new as with keyed as ({touched('mtc_keyed_records', 'stg_account_records')}),"
        " held as (select source_system, source_id, record_no as held_no from touched.keyed_old)"
        f" select keyed.* exclude (record_no), coalesce(held_no, {last} + record_no) as record_no"
        " from keyed left join held using (source_system, source_id)"
    )
    connection.execute(
        "delete from matching.mtc_keyed_records where record_no in (from touched.old_numbers);"
        "delete from matching.kept_inputs where record_no in (from touched.old_numbers);"
        "insert into matching.mtc_keyed_records by name from touched.keyed_new;"
        "insert into matching.kept_inputs by name select row_hash, record_no from touched.hashed"
        " inner join touched.keyed_new using (source_system, source_id)"
    )
    return "a system is new, or keeps persons now" if _moves(connection, "mtc_systems") else None


def _keep_frequencies(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Count the values of touched records again; touched are then also the records whose rounded count moved."""
    connection.execute("create table touched.vals (field varchar, value varchar)")
    connection.execute("create table touched.frequencies as from matching.mtc_frequencies limit 0")
    connection.execute("create table touched.record_nos as select record_no from touched.keyed_new")
    fields = [*macro_value("counted_keys"), "legal_name", "word", "contact"]
    for field in fields:
        _count_again(connection, field)
    connection.execute(
        "create table touched.before as from matching.mtc_frequencies semi join touched.vals using (field, value);"
        f"create table touched.moved as select distinct field, value from ({either('touched.before', FRESH)});"
        "delete from matching.mtc_frequencies where (field, value) in (from touched.moved);"
        f"insert into matching.mtc_frequencies by name from {FRESH} semi join touched.moved using (field, value)"
    )
    for (field,) in rows(connection, "select distinct field from touched.moved order by field"):
        connection.execute(
            "insert into touched.record_nos select record_no from matching.mtc_keyed_records"
            f" where {_holds(field, 'touched.moved')}"
        )
    return None


def _holds(field: str, table: str) -> str:
    """Whether a record has one of the values of the field in the table."""
    values = f"from {table} where field = '{field}'"
    if field == "word":
        return f"word_count > 1 and list_has_any(string_split(core, ' '), (select list(value) {values}))"
    if field == "contact":
        return f"list_has_any(contact_keys, (select list(value) {values}))"
    return f"{macro_value('has_value_of', field)} and {macro_value('value_of', field)} in (select value {values})"


def _count_again(connection: duckdb.DuckDBPyConnection, field: str) -> None:
    value, known = macro_value("value_of", field), macro_value("has_value_of", field)
    connection.execute(
        f"insert into touched.vals select '{field}', value from (select {value} as value from touched.keyed_old"
        f" where {known} union select {value} from touched.keyed_new where {known})"
    )
    if not rows(connection, f"from touched.vals where field = '{field}' limit 1"):
        return
    holders = f"(select * from matching.mtc_keyed_records where {_holds(field, 'touched.vals')})"
    counted = macro_value("shared_values", field).replace(relation("mtc_keyed_records"), holders)
    connection.execute(
        f"insert into touched.frequencies by name select * from ({counted}) semi join touched.vals using (field, value)"
    )


def _keep_records(connection: duckdb.DuckDBPyConnection) -> str | None:
    connection.execute(
        "create table touched.mtc_keyed_records as from matching.mtc_keyed_records"
        " where record_no in (from touched.record_nos)"
    )
    connection.execute(f"create table touched.mtc_records as {touched('mtc_records', 'mtc_keyed_records')}")
    connection.execute(
        "create table touched.stale as select record_no from touched.record_nos union from touched.old_numbers;"
        "delete from matching.mtc_records where record_no in (from touched.stale);"
        "insert into matching.mtc_records by name from touched.mtc_records"
    )
    return "the number of records that know a field moved a step" if _moves(connection, "mtc_totals") else None


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
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = connection.execute(
        "select record_no_l, record_no_r from matching.mtc_pairs where score_bits > 0 union all"
        " select record_no_l, record_no_r from matching.mtc_certain_links where is_same"
    ).fetchnumpy()
    present = connection.execute("select record_no from matching.mtc_keyed_records order by 1").fetchnumpy()[
        "record_no"
    ]
    seeds = connection.execute("select distinct record_no from touched.seeds").fetchnumpy()["record_no"]
    size = int(max([0, *present[-1:], *([seeds.max()] if len(seeds) else [])])) + 1
    ends = links["record_no_l"], links["record_no_r"]
    _, group = connected_components(coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(size, size)), False)
    is_touched = np.zeros(group.max() + 1, dtype=bool)
    is_touched[group[seeds]] = True
    return np.asarray(present[is_touched[group[present]]], dtype=np.int64)
