"""`almanac bench cases`: small files from the field, each beside the values that a person read from it.

Without options every kind; `--set kind=ingest` one, `--set folder=DIR` where the cases lie (ALMANAC_CASES, otherwise
beside the repository). A kind is a module with a table `CASES`: name of a case to a function that takes the folder of
its kind and returns what is right and what the product says.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines.bench.cases import forecast, ingest, match, whole_run
from pipelines.bench.cases.verdict import Case, judged, worst
from pipelines.errors import AlmanacError
from pipelines.home.settings import REPOSITORY

__all__ = ["failure", "folder_of_cases", "run", "table", "verdicts"]

# Name of the kind's folder to its cases.
KINDS: dict[str, dict[str, Case]] = {
    "ingest": ingest.CASES, "match": match.CASES, "forecast": forecast.CASES, "run": whole_run.CASES,
}  # fmt: skip
SHOWN = 44  # letters of a value in the table


def run(kind: str = "", folder: str = "", case: str = "") -> dict[str, Any]:
    """The verdicts as a dict; without the folder of cases, why they are skipped. case: only names that hold it."""
    root = Path(folder) if folder else folder_of_cases()
    if not root.is_dir():
        return {"skipped": f"the cases are not at {root}: set ALMANAC_CASES", "rows": [], "wrong": []}
    if kind and kind not in KINDS:
        raise AlmanacError(f"bench cases: {kind!r} is none of {', '.join(KINDS)}")
    rows = [row for name in KINDS if kind in ("", name) for row in verdicts(root / name, KINDS[name], case)]
    wrong = [f"{row['kind']}/{row['case']}" for row in rows if row["verdict"] == "wrong"]
    cells = sum((Counter(row["values"]) for row in rows), Counter[str]())
    return {"cases": len(rows), "values": dict(cells), "wrong": wrong, "rows": rows}


def folder_of_cases() -> Path:
    """Where the cases lie that are too many, or not ours, to be kept in the repository."""
    return Path(os.environ.get("ALMANAC_CASES", REPOSITORY.parent / "shared" / "cases"))


def verdicts(folder: Path, cases: dict[str, Case], only: str = "") -> list[dict[str, Any]]:
    """One row per case whose input is there: expected, got, the counts of its values by verdict, and the worst."""
    rows = []
    for name, case in cases.items():
        if only not in name or not (folder / name.split()[0]).exists():
            continue
        expected, got = _seen(case, folder)
        values = judged(expected, got)
        rows.append(
            {"kind": folder.name, "case": name, "expected": expected, "got": got, "values": dict(values)}
            | {"before": before(folder / name.split()[0])}
            | {"verdict": worst(values)}
        )
    return rows


def before(case: Path) -> str:
    """What was seen when the case was found, as the person who wrote it down says in expected.md; empty without it."""
    told = case / "expected.md"
    text = " ".join(told.read_text(encoding="utf-8").split()) if told.is_file() else ""
    return text.partition("Seen")[2].removeprefix(":").strip()


def _seen(case: Case, folder: Path) -> tuple[Any, Any]:
    try:
        return case(folder)
    except Exception as fault:  # a case that breaks is a wrong one; the others are still told
        return "an answer", f"{type(fault).__name__}: {fault}"


def table(figures: dict[str, Any]) -> str:
    """The table of a run as text."""
    if "skipped" in figures:
        return f"skipped: {figures['skipped']}"
    lines = [_line("case", "expected", "before", "now", "verdict")]
    lines += [
        _line(f"{row['kind']}/{row['case']}", row["expected"], row["before"], row["got"], row["verdict"])
        for row in figures["rows"]
    ]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in figures["values"].items())
    return "\n".join([*lines, f"{figures['cases']} cases, {len(figures['wrong'])} wrong; values: {counts or 'none'}"])


def failure(figures: dict[str, Any]) -> str:
    """Why the command fails; empty where no value is wrong."""
    return f"wrong values in {', '.join(figures['wrong'])}" if figures["wrong"] else ""


def _line(*cells: object) -> str:
    name, *values, verdict = (" ".join(str(cell).split()) for cell in cells)
    shown = [value if len(value) <= SHOWN else f"{value[: SHOWN - 1]}…" for value in values]
    return " | ".join([f"{name:<42}", *(f"{value:<{SHOWN}}" for value in shown), verdict])
