"""The table of questions as a page: docs/capabilities.md."""

from typing import Any

from pipelines.bench.questions.held import HELD_BY_TESTS, NO_ROW

HEAD = """# What it answers

Written by `almanac bench questions --set out=docs/capabilities.md`, on the sample company. The truth is that of the
company before any export was made; the query reads served tables only. A row is *wrong-proof* if the same query fails
on a world with one fact changed. `--set seed=7` asks the same of a second company.

"""
COLUMNS = "| id | question | kind | served | truth | equal | wrong-proof |\n|---|---|---|---:|---:|---|---|\n"
HELD = "## Held by a test\n\nWhat no query on a served table can show.\n\n| id | test |\n|---|---|\n"
MISSING = "## Not held by a row yet\n\n| id | why |\n|---|---|\n"


def page(rows: list[dict[str, Any]]) -> str:
    """Markdown: one table, the queries below it by number."""
    lines = [
        f"| {row['capability']} | {row['asks']}{_note(row)} | {row['kind']} | {_text(row['served'])} | "
        f"{_text(row['truth'])} | {_yes(row['equal'])} | {_yes(row['fails_when_spoilt'])} |"
        for row in rows
    ]
    queries = [f"**{row['capability']}** {row['asks']}\n\n```sql\n{row['sql'].strip()}\n```\n" for row in rows]
    held = [f"| {name} | `{test}` |" for name, test in HELD_BY_TESTS.items()]
    missing = [f"| {name} | {why} |" for name, why in NO_ROW.items()]
    parts = ["\n".join(lines), HELD + "\n".join(held), *([MISSING + "\n".join(missing)] if missing else [])]
    return HEAD + COLUMNS + "\n\n".join(parts) + "\n\n## The queries\n\n" + "\n".join(queries)


def _note(row: dict[str, Any]) -> str:
    return f" (within {row['tolerance']:.1%}: {row['because']})" if row["because"] else ""


def _yes(value: bool) -> str:
    return "yes" if value else "**no**"


def _text(answer: list[tuple[Any, ...]], shown: int = 3) -> str:
    rows = ["; ".join(_value(value) for value in row) for row in answer[:shown]]
    return "<br>".join(rows) + (f"<br>... {len(answer)} rows" if len(answer) > shown else "")


def _value(value: Any) -> str:
    if isinstance(value, int) or value is None or isinstance(value, str):
        return "-" if value is None else str(value)
    return f"{value:,.4f}".rstrip("0").rstrip(".") if hasattr(value, "__float__") else str(value)
