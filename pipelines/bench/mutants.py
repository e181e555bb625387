"""`almanac bench mutants`: of small faults written into a package, the share that its tests see."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines.bench.mutants_base import watched
from pipelines.bench.mutants_draw import Mutant, draw
from pipelines.bench.mutants_run import (
    COMPILE_SECONDS,
    LEAST_SECONDS,
    PLAIN,
    control,
    copy_tree,
    failed,
    load,
    verdict,
)
from pipelines.bench.mutants_tests import BUDGET, BUDGET_AGAIN, is_compiled, modules, seconds_of, tests_for
from pipelines.bench.mutants_watch import processor_seconds

ROOT = Path(__file__).resolve().parents[2]


def run(
    package: str = "forecasts",
    seed: str = "1",
    count: str = "200",
    most: str = "0",
    again: str = "",
    folder: str = "data/mutants",
) -> dict[str, Any]:
    """Counts by verdict, and each survivor. What `folder` holds of an earlier call is not run again.

    `package` is a folder (`pipelines/ingest`); `count` faults are drawn by `seed`; a call runs at most `most` of them
    (0: all); `again`, any word, runs those once more that were not killed, with more tests. A fault is killed when
    a test fails or no longer ends.
    """
    to = Path(folder).resolve()
    to.mkdir(parents=True, exist_ok=True)
    stem = package.replace("/", "-")
    results = to / f"{stem}-{seed}.jsonl"
    drawn = draw(ROOT, package, int(seed), int(count))
    rows = _known(results)
    done = {key for key, row in rows.items() if not again or row["verdict"] in ("killed", "timeout")}
    todo = [mutant for mutant in drawn if mutant.key not in done][: int(most) or None]
    if todo:
        _run(package, todo, results, to / f"{stem}.json", BUDGET_AGAIN if again else BUDGET)
    rows = _known(results)
    return summary(package, [rows[mutant.key] for mutant in drawn if mutant.key in rows], len(drawn))


def summary(package: str, rows: list[dict[str, Any]], drawn: int) -> dict[str, Any]:
    """Counts, the share killed of those that ran, and the others by place."""
    counts = Counter(row["verdict"] for row in rows)
    killed = counts["killed"] + counts["timeout"]
    return {
        "package": package,
        "drawn": drawn,
        "run": len(rows),
        "killed": killed,
        "killed_share": round(killed / len(rows), 3) if rows else None,
        "verdicts": dict(counts),
        "survivors": [row for row in rows if row["verdict"] in ("survived", "unreached")],
    }


def _run(package: str, todo: list[Mutant], results: Path, base: Path, budget: float) -> None:
    log = base.with_suffix(".last.log")
    with tempfile.TemporaryDirectory(prefix="almanac-mutants-") as folder:
        tree = Path(folder)
        copy_tree(ROOT, tree)
        seen = watched(tree, package, modules(tree, package), base)
        load(seen["packages"])
        chosen = {mutant: tests_for(mutant, seen, tree, package, budget) for mutant in todo}
        control(tree, next(filter(None, chosen.values()), []), log)
        killers = set()
        for mutant, tests in chosen.items():
            row = _row(tree, mutant, tests, seconds_of(tests, seen), log)
            killers.add(row["by"])
            with results.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        if killers := killers - {""}:
            control(tree, sorted(killers), log)


def _row(tree: Path, mutant: Mutant, tests: list[str], usual: float, log: Path) -> dict[str, Any]:
    """What becomes of one fault, and in how many processor seconds."""
    began = processor_seconds()
    least = COMPILE_SECONDS if is_compiled(mutant, tree) and mutant.path not in PLAIN else LEAST_SECONDS
    outcome = verdict(tree, mutant, tests, usual, log, least)
    return {
        "key": mutant.key,
        "function": mutant.function,
        "before": mutant.before,
        "after": mutant.after,
        "verdict": outcome,
        "by": failed(tests, log) if outcome == "killed" else "",
        "tests": len(tests),
        "seconds": round(processor_seconds() - began, 1),
    }


def _known(results: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
    return {row["key"]: row for row in rows}
