"""Errors in a contract's own SQL, as one line that names where it is, the unknown name and the nearest known one."""

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
    """The refusal of a file for which the contract's own SQL fails. names: columns and headers that the SQL may use.

    only: the part of the contract that failed, where it is known, such as `where`.
    """
    message = str(error).splitlines()[0]
    parts = [(part, sql) for part, sql in _contract_sql(contract) if only in ("", part)]
    if unknown := re.search(r'Referenced column "(.+?)" not found', message):
        name = unknown.group(1).removeprefix("~cell ")
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        when = ", before columns are unpivoted" if only == "where" and contract.unpivot else ""
        message = f"{name!r} is unknown here{when}{f'; nearest is {near[0]!r}' if near else ''}"
        part = next((part for part, sql in parts if name in sql), "")
    else:
        part = next((part for part, sql in parts if not _is_valid(connection, sql)), only)
        message += CASTS if "VARCHAR" in message else ""
    return FileRefusedError("contract_sql", f"{part or 'SQL of the contract'}: {message}")


def _contract_sql(contract: ObjectContract) -> Iterator[tuple[str, str]]:
    """(part of the contract, SQL) of every SQL of the contract."""
    yield from (
        (f"expression of {name}", column.expression) for name, column in contract.columns.items() if column.expression
    )
    yield from ((f"check {check.name}", check.expect) for check in contract.checks)
    for item in contract.corrections:
        yield from ((f"correction {item.name}", sql) for sql in (*item.set.values(), item.when))
    if contract.where:
        yield "where", contract.where


def _is_valid(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether the text parses as SQL."""
    parsed = connection.execute("select json_serialize_sql(?)", [f"select ({sql})"]).fetchone()
    return parsed is not None and '"error":false' in str(parsed[0])
