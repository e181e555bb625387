"""`almanac bench said --set home=DIR`: figures that once said something else than their name, before and now.

A row is a figure, what was served of it at first on the sample company (as of 2026-10-31), and a query on what is
served now, with the bound within which its name is true. The bound is a statement on the figure alone: whether the
figure is right is what `almanac bench truth` and `almanac bench questions` ask.
"""

from pathlib import Path
from typing import Any

import duckdb

from pipelines.bench import truth_page
from pipelines.bench.said_figures import FIGURES, HELD, Figure
from pipelines.home.settings import load_settings


def run(home: str, out: str = "") -> dict[str, Any]:
    """One row per figure: number, figure, before, now, sql, holds. out: the page to write into, docs/truth.md."""
    rows = said(load_settings(Path(home)).published / "almanac.duckdb")
    if out:
        truth_page.record(Path(out), "said", markdown(rows))
    return {"figures": len(rows), "not_held": [row["figure"] for row in rows if not row["holds"]], "rows": rows}


def said(served: Path) -> list[dict[str, Any]]:
    """What the served file says of each figure today; a query has one row."""
    with duckdb.connect(str(served), read_only=True) as connection:
        connection.execute("set threads = 1")
        return [
            {
                "number": figure.number,
                "figure": figure.name,
                "before": figure.before,
                "now": figure.now.format(*(_NOTHING if value is None else value for value in row)),
                "sql": " ".join(figure.sql.split()),
                "holds": _holds(figure, row),
            }
            for figure in FIGURES
            for row in connection.execute(figure.sql).fetchall()
        ]


class _Nothing:
    """What stands in a sentence for a figure that a company is too small for."""

    def __format__(self, form: str) -> str:
        return "none"


_NOTHING = _Nothing()


def _holds(figure: Figure, row: tuple[Any, ...]) -> bool:
    """What cannot be told does not hold, unless the figure says so."""
    try:
        return figure.holds(*row)
    except TypeError:
        if None in row:
            return False
        raise


def markdown(rows: list[dict[str, Any]]) -> str:
    """The figures as a table, the tests that hold what no figure can show, and the query of each figure."""
    figures = "\n".join(f"| {row['number']} | {row['figure']} | {row['before']} | {_now(row)} |" for row in rows)
    tests = "\n".join(f"| {tested.number} | {tested.name} | {tested.before} | `{tested.test}` |" for tested in HELD)
    queries = "\n\n".join(f"{row['number']}: {row['figure']}\n\n```text\n{row['sql']}\n```" for row in rows)
    return (
        f"| # | figure | before | now |\n|---|---|---|---|\n{figures}\n\n"
        f"| # | behaviour | before | held by |\n|---|---|---|---|\n{tests}\n\n"
        f"The query of each figure, one row each:\n\n{queries}"
    )


def _now(row: dict[str, Any]) -> str:
    return row["now"] if row["holds"] else f"**not yet:** {row['now']}"
