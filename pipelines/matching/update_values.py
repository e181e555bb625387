"""The part of an update that concerns values: who holds them, and whose rounded frequency is another now.

`matching.kept_values` has one row per record and value that is counted: `field, value_hash, record_no, system_bit`.
With it a value is counted again by one look at a narrow table, instead of one at the records for every field. Of
values that very many records have (a city), `matching.kept_counts` knows the number per system, so that not even their
holders are looked at.
"""

import duckdb

from pipelines.matching.models import macro_value, relation
from pipelines.matching.touched import either, rows

COMMON = 256  # other customers; beyond it a value's holders are counted once and then kept count of


def counted_fields() -> list[str]:
    """Fields whose values are weighed by how many records of other customers have them."""
    return [*macro_value("counted_keys"), "legal_name", "word", "contact"]


def keep_all_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Every value of every record, for the updates to come, and the counts of those that very many records have."""
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
    """Count the values of touched records again. Moved are then the records whose rounded count is another."""
    connection.execute(
        f"create table touched.numbered as {_NUMBERED};"
        f"create table touched.new_values as {_values_of('touched.keyed_new')};"
        f"create table touched.old_values as {_values_of('touched.keyed_old')};"
        "create table touched.vals as select distinct field, value, value_hash"
        " from (from touched.new_values union all from touched.old_values);"
    )
    if rows(connection, "from touched.keyed_old limit 1"):
        connection.execute("delete from matching.kept_values where record_no in (from touched.old_numbers)")
    connection.execute(
        "insert into matching.kept_values by name select * exclude (value) from touched.new_values;" + _COMMON_COUNTS
    )
    connection.execute(
        "create table touched.holders as from matching.kept_values where value_hash in (select value_hash"
        " from touched.vals where value_hash not in (select value_hash from touched.common_counts))"
    )
    _count_again(connection)
    connection.execute(
        "delete from matching.mtc_frequencies where (field, value) in (select field, value from touched.moved);"
        "insert into matching.mtc_frequencies by name from touched.fresh semi join touched.moved using (field, value)"
    )
    _find_holders(connection)
    return None


# counts of common values, brought up to date: their holders need not be read
_COMMON_COUNTS = """
create table touched.common_counts as
    select value_hash, system_bit, cast(sum(n) as bigint) as n from (
        from matching.kept_counts semi join touched.vals using (value_hash)
        union all
        select value_hash, system_bit, 1 from touched.new_values semi join matching.kept_counts using (value_hash)
        union all
        select value_hash, system_bit, -1 from touched.old_values semi join matching.kept_counts using (value_hash)
    )
    group by all having sum(n) > 0;
delete from matching.kept_counts where value_hash in (select value_hash from touched.vals);
insert into matching.kept_counts from touched.common_counts
"""


def _count_again(connection: duckdb.DuckDBPyConnection) -> None:
    """`fresh` counts, and `moved`: values whose rounded count was another before, and whether it is smaller now."""
    connection.execute(
        "create table touched.counts as select value_hash, cast(sum(n) as bigint) as record_count,"
        f" {macro_value('others', 'cast(sum(n) as bigint)', 'system_bit')} as others,"
        f" {macro_value('others_with_legal_name', 'cast(sum(n) as bigint)')} as named"
        " from (select value_hash, system_bit, 1 as n from touched.holders union all from touched.common_counts)"
        " group by value_hash;"
        "create table touched.fresh as"
        " with counted as (select name as field, value, record_count,"
        " if(name = 'legal_name', named, others) as other_count"
        " from touched.vals inner join touched.counts using (value_hash) inner join touched.numbered on field = number)"
        f" select field, value, {macro_value('rounded_count', 'other_count')} as other_count,"
        f" if(field = 'word', {macro_value('rounded_count', 'record_count')}, null::double) as record_count"
        " from counted where if(field = 'word', record_count > 1, other_count > 0);"
        "create table touched.before as from matching.mtc_frequencies semi join"
        " (select name as field, value from touched.vals inner join touched.numbered on field = number)"
        " using (field, value);"
        "create table touched.moved as select distinct other.field, other.value, value_hash,"
        " fresh.other_count, coalesce(fresh.other_count, 0) < coalesce(before.other_count, 0) as is_rarer"
        f" from ({either('touched.before', 'touched.fresh')}) as other"
        " inner join touched.numbered on name = other.field"
        " inner join touched.vals on vals.field = number and vals.value = other.value"
        " left join touched.fresh on (fresh.field, fresh.value) = (other.field, other.value)"
        " left join touched.before on (before.field, before.value) = (other.field, other.value)"
    )


def _find_holders(connection: duckdb.DuckDBPyConnection) -> None:
    """`moves`: one row per record and value of it that moved."""
    moved = "touched.moved using (value_hash)"
    columns = "record_no, moved.field, other_count, is_rarer"
    connection.execute(f"create table touched.moves as select {columns} from touched.holders inner join {moved}")
    if rows(connection, f"from touched.common_counts semi join {moved} limit 1"):
        connection.execute(
            f"insert into touched.moves select {columns} from matching.kept_values as kept inner join {moved}"
            " where kept.value_hash in (select value_hash from touched.common_counts)"
        )
    # a registered name also weighs for a record without a legal form whose letters are the same
    if rows(connection, "from touched.moved where field = 'legal_name' limit 1"):
        connection.execute(
            "insert into touched.moves select record_no, moved.field, moved.other_count, is_rarer"
            " from matching.mtc_keyed_records inner join touched.moved on name_key = value and field = 'legal_name'"
        )
    connection.execute("create table touched.moved_nos as select distinct record_no from touched.moves")


def keep_touched_frequencies(connection: duckdb.DuckDBPyConnection) -> None:
    """The frequencies of the values of records that are made again: seventeen joins look for them."""
    connection.execute(
        f"create table touched.mtc_frequencies as with held as ({_values_of('touched.mtc_keyed_records')})"
        " from matching.mtc_frequencies where (field, value) in"
        " (select name, value from held inner join touched.numbered on field = number)"
    )


def patch_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the counts of moved values into the records that hold them, but for those that are made again anyway."""
    keys = [
        key
        for key in macro_value("counted_keys")
        if rows(connection, f"from touched.moves where field = '{key}' limit 1")
    ]
    if not keys:
        return
    listed = ", ".join(f"max(coalesce(other_count, 0.25)) filter (where field = '{key}') as {key}" for key in keys)
    written = ", ".join(f"{key}_others = coalesce(patches.{key}, {key}_others)" for key in keys)
    connection.execute(
        f"create table touched.patches as select record_no, {listed} from touched.moves"
        " where record_no not in (from touched.record_nos) group by all;"
        f"update matching.mtc_records set {written} from touched.patches"
        " where mtc_records.record_no = patches.record_no"
    )
