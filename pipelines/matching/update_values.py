"""The part of an update that concerns values: who holds them, and whose rounded frequency is another now.

`matching.kept_values` has one row per record and value that is counted: `field, value_hash, record_no, system_bit`.
With it a value is counted again by one look at a narrow table, instead of one at the records for every field.
"""

import duckdb

from pipelines.matching.models import macro_value, relation
from pipelines.matching.touched import either, rows


def counted_fields() -> list[str]:
    """Fields whose values are weighed by how many records of other customers have them."""
    return [*macro_value("counted_keys"), "legal_name", "word", "contact"]


def keep_all_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Every value of every record, for the updates to come."""
    values = _values_of(relation("mtc_keyed_records"))
    connection.execute(
        f"create or replace table matching.kept_values as select * exclude (value) from ({values}) order by value_hash"
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
        f"create table touched.new_values as {_values_of('touched.keyed_new')};"
        f"create table touched.old_values as {_values_of('touched.keyed_old')};"
        "create table touched.vals as select distinct field, value, value_hash"
        " from (from touched.new_values union all from touched.old_values);"
    )
    if rows(connection, "from touched.keyed_old limit 1"):
        connection.execute("delete from matching.kept_values where record_no in (from touched.old_numbers)")
    connection.execute(
        "insert into matching.kept_values by name select * exclude (value) from touched.new_values;"
        "create table touched.holders as from matching.kept_values"
        " where value_hash in (select value_hash from touched.vals)"
    )
    _count_again(connection)
    connection.execute(
        "delete from matching.mtc_frequencies where (field, value) in (select field, value from touched.moved);"
        "insert into matching.mtc_frequencies by name from touched.fresh semi join touched.moved using (field, value);"
        "create table touched.moved_nos as select distinct record_no from touched.holders"
        " semi join touched.moved using (value_hash)"
    )
    # a registered name also weighs for a record without a legal form whose letters are the same
    if rows(connection, "from touched.moved where field = 'legal_name' limit 1"):
        connection.execute(
            "insert into touched.moved_nos select record_no from matching.mtc_keyed_records"
            " where name_key in (select value from touched.moved where field = 'legal_name')"
        )
    return None


def _count_again(connection: duckdb.DuckDBPyConnection) -> None:
    """`fresh` counts, and `moved`: values whose rounded count was another before."""
    numbers = ", ".join(f"({number}, '{field}')" for number, field in enumerate(counted_fields()))
    connection.execute(
        f"create table touched.numbered as from (values {numbers}) as n(number, name);"
        "create table touched.counts as select value_hash, count(*) as record_count,"
        f" {macro_value('others', 'count(*)', 'system_bit')} as others,"
        f" {macro_value('others_with_legal_name')} as named"
        " from touched.holders group by value_hash;"
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
        "create table touched.moved as select distinct other.field, other.value, value_hash"
        f" from ({either('touched.before', 'touched.fresh')}) as other"
        " inner join touched.numbered on name = other.field"
        " inner join touched.vals on vals.field = number and vals.value = other.value"
    )
