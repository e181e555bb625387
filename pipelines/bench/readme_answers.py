"""The answers that README.md prints below its queries, beside those of a home."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.bench.questions.question import Rows, Value, same
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
    return same(_rows(printed), _rows(served), CLOSE)


def _rows(text: str) -> Rows:
    return [tuple(map(_value, line.strip("|").split("|"))) for line in text.strip().splitlines()]


def _value(text: str) -> Value:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text.strip()
