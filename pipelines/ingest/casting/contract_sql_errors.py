"""What is wrong with the SQL in a contract, in one line that names the place, the name and the nearest one."""

import difflib
import re
from collections.abc import Iterator

import duckdb

from pipelines.contracts import ObjectContract
from pipelines.ingest.formats.source import FileRefusedError

CASTS = ': a header\'s cell is text, write try_cast("Header" as double)'


def sql_refused(
    connection: duckdb.DuckDBPyConnection,
    contract: ObjectContract,
    names: list[str],
    error: duckdb.Error,
    only: str = "",
) -> FileRefusedError:
    """The refusal of a file for which the contract's own SQL fails. names: what the SQL may speak of.

    only: the place that the SQL stands in, where that is known, such as `where`.
    """
    said = str(error).splitlines()[0]
    pieces = [(place, sql) for place, sql in _pieces(contract) if only in ("", place)]
    if unknown := re.search(r'Referenced column "(.+?)" not found', said):
        name = unknown.group(1).removeprefix("~cell ")
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        when = ", where columns are no rows yet" if only == "where" and contract.unpivot else ""
        said = f"{name!r} is unknown here{when}{f'; nearest is {near[0]!r}' if near else ''}"
        place = next((place for place, sql in pieces if name in sql), "")
    else:
        place = next((place for place, sql in pieces if not _is_sound(connection, sql)), only)
        said += CASTS if "VARCHAR" in said else ""
    return FileRefusedError("contract_sql", f"{place or 'SQL of the contract'}: {said}")


def _pieces(contract: ObjectContract) -> Iterator[tuple[str, str]]:
    """Every SQL of the contract and where it stands."""
    yield from (
        (f"expression of {name}", column.expression) for name, column in contract.columns.items() if column.expression
    )
    yield from ((f"check {check.name}", check.expect) for check in contract.checks)
    for item in contract.corrections:
        yield from ((f"correction {item.name}", sql) for sql in (*item.set.values(), item.when))
    if contract.where:
        yield "where", contract.where


def _is_sound(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the text is SQL at all."""
    found = connection.execute("select json_serialize_sql(?)", [f"select ({sql})"]).fetchone()
    return found is not None and '"error":false' in str(found[0])
