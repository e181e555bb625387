"""The values of an update: which records have them, and whose rounded frequency (term frequency) changed.

`matching.kept_values` has one row per record and value that is counted: `field, value_hash, record_no, system_bit`.
With it a value is counted again by one scan of a narrow table, instead of one scan of the records per field. For values
that very many records have (a city), `matching.kept_counts` has the number per system, so that their records are not
read at all.
"""

import duckdb

from pipelines.matching.models import macro_value, relation
from pipelines.matching.sql_deltas import rows, symmetric_difference

COMMON = 256  # other customers; above it a value's records are counted once and the count is then updated


def counted_fields() -> list[str]:
    """Fields whose weights depend on how many records of other customers share the value."""
    return [*macro_value("counted_keys"), "legal_name", "word", "contact"]


def keep_all_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep every value of every record for later updates, and the counts of common values."""
    values = _values_of(relation("mtc_keyed_records"))
    connection.execute(
        f"create or replace table matching.kept_values as select * exclude (value) from ({values}) order by value_hash;"
        f"create or replace temp table common as with numbered as ({_NUMBERED})"
        " select hash(number, value) as value_hash from matching.mtc_frequencies inner join numbered on field = name"
        f" where greatest(other_count, record_count) > {COMMON};"
        "create or replace table matching.kept_counts as select value_hash, system_bit, count(*) as n"
        " from matching.kept_values semi join common using (value_hash) group by all;"
        "drop table common"
    )


_NUMBERED = "select * from (values {}) as n(number, name)".format(
    ", ".join(f"({number}, '{field}')" for number, field in enumerate(counted_fields()))
)


def _values_of(table: str) -> str:
    return " union all ".join(
        f"select {number}::utinyint as field, value, hash({number}, value) as value_hash, record_no, system_bit"
        f" from (select record_no, source_system, {macro_value('value_of', field)} as value from {table}"
        f" where {macro_value('has_value_of', field)}) inner join matching.mtc_systems using (source_system)"
        for number, field in enumerate(counted_fields())
    )


def keep_frequencies(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Count the values of new, changed and removed records again; note where the rounded count changed."""
    connection.execute(
        f"create table delta.field_numbers as {_NUMBERED};"
        f"create table delta.new_values as {_values_of('delta.keyed_new')};"
        f"create table delta.old_values as {_values_of('delta.keyed_old')};"
        "create table delta.changed_values as select distinct field, value, value_hash"
        " from (from delta.new_values union all from delta.old_values);"
    )
    if rows(connection, "from delta.keyed_old limit 1"):
        connection.execute("delete from matching.kept_values where record_no in (from delta.old_numbers)")
    connection.execute(
        "insert into matching.kept_values by name select * exclude (value) from delta.new_values;" + _COMMON_COUNTS
    )
    connection.execute(
        "create table delta.value_records as from matching.kept_values where value_hash in (select value_hash"
        " from delta.changed_values where value_hash not in (select value_hash from delta.common_counts))"
    )
    _recount_values(connection)
    connection.execute(
        "delete from matching.mtc_frequencies"
        " where (field, value) in (select field, value from delta.recounted_values);"
        "insert into matching.mtc_frequencies by name"
        " from delta.new_frequencies semi join delta.recounted_values using (field, value)"
    )
    _find_records_of_values(connection)
    return None


# updated counts of common values: their records need not be read
_COMMON_COUNTS = """
create table delta.common_counts as
    select value_hash, system_bit, cast(sum(n) as bigint) as n from (
        from matching.kept_counts semi join delta.changed_values using (value_hash)
        union all
        select value_hash, system_bit, 1 from delta.new_values semi join matching.kept_counts using (value_hash)
        union all
        select value_hash, system_bit, -1 from delta.old_values semi join matching.kept_counts using (value_hash)
    )
    group by all having sum(n) > 0;
delete from matching.kept_counts where value_hash in (select value_hash from delta.changed_values);
insert into matching.kept_counts from delta.common_counts
"""


def _recount_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `new_frequencies`, and `recounted_values`: where the rounded count changed, and whether it fell."""
    connection.execute(
        "create table delta.counts as select value_hash, cast(sum(n) as bigint) as record_count,"
        f" {macro_value('other_customer_count', 'cast(sum(n) as bigint)', 'system_bit')} as other_count,"
        f" {macro_value('other_legal_name_count', 'cast(sum(n) as bigint)')} as other_legal_name_count"
        " from (select value_hash, system_bit, 1 as n from delta.value_records union all from delta.common_counts)"
        " group by value_hash;"
        "create table delta.new_frequencies as"
        " with counted as (select name as field, value, record_count,"
        " if(name = 'legal_name', other_legal_name_count, counts.other_count) as other_count"
        " from delta.changed_values inner join delta.counts using (value_hash)"
        " inner join delta.field_numbers on field = number)"
        f" select field, value, {macro_value('rounded_count', 'other_count')} as other_count,"
        f" if(field = 'word', {macro_value('rounded_count', 'record_count')}, null::double) as record_count"
        " from counted where if(field = 'word', record_count > 1, other_count > 0);"
        "create table delta.old_frequencies as from matching.mtc_frequencies semi join"
        " (select name as field, value from delta.changed_values inner join delta.field_numbers on field = number)"
        " using (field, value);"
        "create table delta.recounted_values as select distinct changed.field, changed.value, value_hash,"
        " new.other_count, coalesce(new.other_count, 0) < coalesce(old.other_count, 0) as is_rarer"
        f" from ({symmetric_difference('delta.old_frequencies', 'delta.new_frequencies')}) as changed"
        " inner join delta.field_numbers on name = changed.field"
        " inner join delta.changed_values as counted on counted.field = number and counted.value = changed.value"
        " left join delta.new_frequencies as new on (new.field, new.value) = (changed.field, changed.value)"
        " left join delta.old_frequencies as old on (old.field, old.value) = (changed.field, changed.value)"
    )


def _find_records_of_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `recounted_records`: one row per record and value of it whose rounded count changed."""
    recounted = "delta.recounted_values using (value_hash)"
    columns = "record_no, recounted_values.field, other_count, is_rarer"
    connection.execute(
        f"create table delta.recounted_records as select {columns} from delta.value_records inner join {recounted}"
    )
    if rows(connection, f"from delta.common_counts semi join {recounted} limit 1"):
        connection.execute(
            f"insert into delta.recounted_records select {columns} from matching.kept_values as kept"
            f" inner join {recounted}"
            " where kept.value_hash in (select value_hash from delta.common_counts)"
        )
    # the count of a registered name also applies to a record without a legal form that has the same letters
    if rows(connection, "from delta.recounted_values where field = 'legal_name' limit 1"):
        connection.execute(
            "insert into delta.recounted_records"
            " select record_no, recounted_values.field, recounted_values.other_count, is_rarer"
            " from matching.mtc_keyed_records"
            " inner join delta.recounted_values on registered_name = value and field = 'legal_name'"
        )
    connection.execute("create table delta.recounted_nos as select distinct record_no from delta.recounted_records")


def keep_delta_frequencies(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the frequencies of the values of recomputed records: seventeen joins read them."""
    connection.execute(
        f"create table delta.mtc_frequencies as with record_values as ({_values_of('delta.mtc_keyed_records')})"
        " from matching.mtc_frequencies where (field, value) in"
        " (select name, value from record_values inner join delta.field_numbers on field = number)"
    )


def patch_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Write changed counts into the records that have the values, except those that are recomputed anyway."""
    keys = [
        key
        for key in macro_value("counted_keys")
        if rows(connection, f"from delta.recounted_records where field = '{key}' limit 1")
    ]
    if not keys:
        return
    listed = ", ".join(f"max(coalesce(other_count, 0.25)) filter (where field = '{key}') as {key}" for key in keys)
    assignments = ", ".join(f"{key}_others = coalesce(patches.{key}, {key}_others)" for key in keys)
    connection.execute(
        f"create table delta.patches as select record_no, {listed} from delta.recounted_records"
        " where record_no not in (from delta.record_nos) group by all;"
        f"update matching.mtc_records set {assignments} from delta.patches"
        " where mtc_records.record_no = patches.record_no"
    )
