"""Fields of exports that no contract maps: what `_extra` holds, as which type it reads, and the line that maps it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from pipelines.contracts import SourceContract, canonical_objects
from pipelines.home.settings import Settings
from pipelines.home.warehouse import literal, quoted, read
from pipelines.ingest.casting.header_mapping import UNPIVOTED
from pipelines.ingest.formats.source import SHEET
from pipelines.ingest.proposals.contract_yaml import quoted as yaml_text
from pipelines.ingest.proposals.headers import aliases, entity_words, exact_similarities

ROWS = 100_000  # of a table, evenly drawn: enough to tell a type
ALIKE = 0.99  # of the filled values; the rest are errors
OURS = (UNPIVOTED, SHEET)  # added by reading, no fields of the file
CLEAR = 0.9  # similarity of a header to a known name of a column
# Types of values in the order in which they are tried: a number of eight digits is no date.
TYPES = {
    "number": "try_cast(replace(value, ',', '') as double)",
    "date": "try_cast(left(value, 10) as date)",
    "boolean": "case when lower(value) in ('true', 'false', 'yes', 'no', '是', '否') then true end",
}
SQL = {
    "number": "try_cast(replace({cell}, ',', '') as double)",
    "date": "try_cast(left({cell}, 10) as date)",
    "boolean": "lower({cell}) in ('true', 'yes', '是')",
    "text": "{cell}",
}


@dataclass(frozen=True)
class ExtraField:
    """One unmapped header of one system: filled rows of those looked at, the type of its values, SQL that reads it from
    `raw.<object>`, and the contract's line that maps it, empty where no canonical column has its name."""

    source_system: str
    object: str
    header: str
    filled: int
    rows: int
    type: str
    sql: str
    promote: str


def extra_fields(settings: Settings, contracts: Mapping[str, SourceContract]) -> list[ExtraField]:
    """Every field that is kept in `_extra`, by system, object and header."""
    with read(settings) as connection:
        tables = connection.execute(
            "select table_name from duckdb_columns() where schema_name = 'raw' and column_name = '_extra' order by all"
        ).fetchall()
        return [field for (name,) in tables for field in _fields_of(connection, name, contracts)]


def _fields_of(
    connection: duckdb.DuckDBPyConnection, name: str, contracts: Mapping[str, SourceContract]
) -> Iterator[ExtraField]:
    typed = ", ".join(f"count({sql})" for sql in TYPES.values())
    path = """('$."' || replace(key, '"', '\\"') || '"')"""
    counted = connection.execute(
        f"with drawn as (select source_system, _extra from raw.{quoted(name)} where _extra is not null "
        f"using sample {ROWS} rows (reservoir, 1)), "
        f"cells as (select source_system, key, nullif(trim(_extra ->> {path}), '') as value "
        "from (select source_system, _extra, unnest(json_keys(_extra)) as key from drawn)) "
        f"select source_system, key, count(value), count(*), {typed} from cells "
        f"where key not in ({', '.join(map(literal, OURS))}) group by all order by 1, 2"
    ).fetchall()
    for system, header, filled, rows, *counts in counted:
        kinds = (kind for kind, count in zip(TYPES, counts, strict=True) if filled and count >= ALIKE * filled)
        kind = next(kinds, "text")
        sql = SQL[kind].format(cell=f"_extra ->> {literal(header)}")
        yield ExtraField(system, name, header, filled, rows, kind, sql, _line(name, header, contracts.get(system)))


def _line(name: str, header: str, system: SourceContract | None) -> str:
    """The line for the contract's `columns`, where a canonical column that it does not fill has the header's name."""
    if name not in canonical_objects():
        return ""
    taken = {column for item in (system.objects if system else ()) if item.object == name for column in item.columns}
    similar = exact_similarities(header, aliases(name), entity_words()[name])
    free = {column: value for column, value in similar.items() if column not in taken and value >= CLEAR}
    return f"{max(free, key=lambda column: free[column])}: {yaml_text(header)}" if free else ""
