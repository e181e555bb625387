"""`almanac bench metamorphic`: change the exports of a small company, and see that what is served changes as it must.

Nobody has to know a right answer: twice the amounts are twice the money, a file sent again changes nothing. Each check
is a whole job on exports of its own, without publishing; change and what must follow are in `metamorphic_checks.py`.
`--set only=doubled,renamed` makes some of them; `--set page=docs/truth.md` writes the table into that page.
"""

import tempfile
from pathlib import Path
from typing import Any

from pipelines.bench import metamorphic_cadence, truth_page
from pipelines.bench.exports import Exports
from pipelines.bench.metamorphic_checks import CHECKS, Check
from pipelines.bench.metamorphic_homes import built, small_company
from pipelines.bench.metamorphic_tables import Tables, cells, differences, served_tables
from pipelines.errors import AlmanacError

CADENCE = "export cadence"


def run(customers: str = "60", list_customers: str = "150", only: str = "", page: str = "") -> dict[str, Any]:
    """One row per check as a dict: change, follows, compared (cells), apart (columns with a difference), examples."""
    names = [*(check.name for check in CHECKS), CADENCE]
    wanted = only.split(",") if only else names
    if unknown := [name for name in wanted if name not in names]:
        raise AlmanacError(f"bench metamorphic: no check is called {unknown[0]!r}; there are {', '.join(names)}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        checks = [check for check in CHECKS if check.name in wanted]
        if checks:
            rows += compare(checks, small_company(Path(folder) / "demo", int(customers)), Path(folder))
        if CADENCE in wanted:
            rows.append(metamorphic_cadence.compare(Path(folder), int(list_customers)))
    if page:
        truth_page.record(Path(page), "checks", markdown(rows))
    return {"checks": len(rows), "violated": [row["check"] for row in rows if row["apart"]], "rows": rows}


def compare(checks: list[Check], exports: Exports, folder: Path) -> list[dict[str, Any]]:
    """Build the company as it is, then once per check with its exports changed."""
    base = built(exports, folder / "base")
    tables = served_tables(base)
    return [_row(check, exports, tables, folder) for check in checks]


def _row(check: Check, exports: Exports, tables: Tables, folder: Path) -> dict[str, Any]:
    settings = built(check.make(exports), folder / check.name.replace(" ", "_"), like=folder / "base")
    return judged(check, exports, tables, served_tables(settings))


def judged(check: Check, exports: Exports, before: Tables, after: Tables) -> dict[str, Any]:
    """The row of a check from what was served before and after the change."""
    expected, served = check.expected(before, exports), check.seen(after, exports)
    apart = differences(expected, served, check.without)
    return {
        "check": check.name,
        "change": check.change,
        "follows": check.follows,
        "but": check.but,
        "tables": len(expected),
        "compared": cells(expected, check.without),
        "apart": len(apart),
        "examples": [f"{one.table}.{one.column}: {one.rows} of {one.of}, {one.example}" for one in apart],
    }


def markdown(rows: list[dict[str, Any]]) -> str:
    """The rows as a table."""
    head = "| changed | must follow | not compared | cells | columns apart |\n|---|---|---|---:|---:|\n"
    return head + "\n".join(
        f"| **{row['check']}**: {row['change']} | {row['follows']} | {row['but'] or '-'} | {row['compared']:,} "
        f"| {row['apart']} |"
        for row in rows
    )
