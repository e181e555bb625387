"""`almanac bench questions`: what people ask, answered by served tables, beside the truth of the sample company.

Without options the sample company of 600 customers is made and run; `--set home=DIR` takes one that has run (its truth
must stand beside it), `--set seed=7` another company. Each row also says whether it fails on a world with one fact
changed: a question that cannot tell the two apart proves nothing.
"""

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from pipelines.bench import readme_answers
from pipelines.bench.questions.asked import QUESTIONS
from pipelines.bench.questions.page import page
from pipelines.bench.questions.question import Question, Truth, same
from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings

__all__ = ["answers", "build", "run", "wrong"]


def run(home: str = "", seed: str = "", capability: str = "", out: str = "", readme: str = "") -> dict[str, Any]:
    """The table of questions as a dict; capability: only those of this id.

    out: a page to write, docs/capabilities.md; readme: a page to write the answers anew that stand below its queries.
    """
    asked = [question for question in QUESTIONS if capability in ("", question.capability)]
    with tempfile.TemporaryDirectory() as folder:
        if not home:
            build(Path(folder), seed)
        rows = answers(Path(home or folder), asked)
        if readme:
            text = Path(readme).read_text(encoding="utf-8")
            Path(readme).write_text(readme_answers.written(text, Path(home or folder)), encoding="utf-8")
    if out:
        Path(out).write_text(page(rows), encoding="utf-8")
    return {"questions": len(rows), "wrong": wrong(rows), "rows": rows}


def wrong(rows: list[dict[str, Any]]) -> list[str]:
    """Questions that are answered otherwise than the truth has it, or that a wrong world would answer alike."""
    return [f"{row['capability']} {row['asks']}" for row in rows if not (row["equal"] and row["fails_when_spoilt"])]


def answers(home: Path, asked: list[Question]) -> list[dict[str, Any]]:
    """One row per question: answer, truth, equal, and whether it is unequal in the spoilt world."""
    settings = load_settings(home)
    served = settings.published / "almanac.duckdb"
    if not served.exists() or not (home / "truth").is_dir():
        raise AlmanacError(
            f"bench questions: {home} has no served file, or no truth beside it: run `almanac demo` and `run`"
        )
    with duckdb.connect(str(served), read_only=True) as connection:
        as_of = connection.execute("select as_of from control.published").fetchall()[0][0]
        world = Truth(home / "truth", as_of)
        return [_answer(connection, question, world) for question in asked]


def _answer(connection: duckdb.DuckDBPyConnection, question: Question, world: Truth) -> dict[str, Any]:
    served = connection.execute(question.sql).fetchall()
    expected = question.expected(world)
    spoilt = question.expected(question.spoil(world))
    return {
        "capability": question.capability,
        "asks": question.asks,
        "kind": question.kind,
        "sql": question.sql,
        "served": served,
        "truth": expected,
        "equal": same(served, expected, question.tolerance),
        "fails_when_spoilt": not same(served, spoilt, question.tolerance),
        "tolerance": question.tolerance,
        "because": question.because,
    }


def build(home: Path, seed: str = "") -> None:
    """The sample company of that seed, made and run in a new home."""
    from pipelines.demo import AS_OF, SEED, write_demo
    from pipelines.orchestration.execute import run_job

    write_demo(home, seed=int(seed or SEED))
    said: list[str] = []
    if not run_job(load_settings(home), AS_OF, {}, said.append):
        raise AlmanacError(f"bench questions: the run was not published: {' '.join(said[-3:])}")
