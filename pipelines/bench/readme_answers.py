"""The answers that README.md prints below its queries, beside those of a home."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.home.settings import load_settings

# A query, and the table that follows it at once.
PRINTED = re.compile(r"```sql\n(?P<sql>[^`]+)```\n\n(?P<table>(?:\|[^\n]*\n)+)")
CLOSE = 0.001  # of a figure: other processors add doubles in another order


def stale(text: str, home: Path) -> list[str]:
    """The first line of each query whose printed answer is not what the home serves."""
    served = load_settings(home).published / "almanac.duckdb"
    with duckdb.connect(str(served), read_only=True) as connection:
        return [
            found["sql"].splitlines()[0]
            for found in PRINTED.finditer(text)
            if not same_table(found["table"], table(connection, found["sql"]))
        ]


def written(text: str, home: Path) -> str:
    """The page with the answers of this home."""
    served = load_settings(home).published / "almanac.duckdb"
    with duckdb.connect(str(served), read_only=True) as connection:
        return PRINTED.sub(lambda found: f"```sql\n{found['sql']}```\n\n{table(connection, found['sql'])}", text)


def table(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The answer to a query as a table in Markdown."""
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description or []]
    rows = [[cell(value) for value in row] for row in answer.fetchall()]
    first, *others = (f"| {' | '.join(row)} |\n" for row in [names, *rows])
    return "".join([first, f"|{'---|' * len(names)}\n", *others])


def cell(value: Any) -> str:
    """A value as a reader expects it: thousands apart, no decimals of whole numbers."""
    if isinstance(value, float | Decimal):
        value = int(value) if value == int(value) else float(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def same_table(printed: str, served: str) -> bool:
    """Whether two tables have the same cells, figures to a thousandth."""
    left, right = ([_cells(line) for line in text.strip().splitlines()] for text in (printed, served))
    return [len(row) for row in left] == [len(row) for row in right] and all(
        _same(a, b) for row, other in zip(left, right, strict=True) for a, b in zip(row, other, strict=True)
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _same(left: str, right: str) -> bool:
    if left == right:
        return True
    try:
        a, b = (float(text.replace(",", "")) for text in (left, right))
    except ValueError:
        return False
    return abs(a - b) <= CLOSE * max(abs(a), abs(b))
