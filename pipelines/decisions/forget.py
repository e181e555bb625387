"""Takes a person's name out of what people decided: the company's own seeds, the log of answers, kept workbooks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.decisions import log, own_seeds
from pipelines.home import durable
from pipelines.home.settings import Settings

# Seeds of decisions, and what stands for the person there: who decided must be somebody, who looks after it need not.
SEEDS = ("approved_forecasts", "forecast_events", "match_overrides", "review_decisions", "sop_decisions")
STANDS_FOR = {"decided_by": "forgotten", "owner": ""}


def forget(settings: Settings, person: str) -> list[Path]:
    """Replace the person in complete cells; the seeds that were changed. Decisions stay, without who made them.

    Copies of review workbooks that the person answered are deleted.
    """
    for path in sorted((settings.state / log.LOG).glob("*.parquet")):
        _forget_answers(settings, path, person)
    return list(_forget_in_seeds(settings, person)) if settings.config else []


def _forget_in_seeds(settings: Settings, person: str) -> Iterator[Path]:
    for name in SEEDS:
        if not (settings.config and (settings.config / "seeds" / f"{name}.csv").is_file()):
            continue
        path, heads, rows = own_seeds.read(settings, name)
        kept = [{head: _without(person, head, cell) for head, cell in row.items()} for row in rows]
        if kept != rows:
            own_seeds.write(path, heads, kept)
            yield path


def _forget_answers(settings: Settings, path: Path, person: str) -> None:
    answers = pl.read_parquet(path)
    rows = answers.to_dicts()
    kept = [{head: _without(person, head, cell) for head, cell in row.items()} for row in rows]
    if kept == rows:
        return
    for sha256 in answers["sha256"].unique():
        (settings.landing / "decisions" / f"{sha256}.xlsx").unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    pl.DataFrame(kept, schema=answers.schema).write_parquet(temporary)
    durable.keep(temporary, path)


def _without(person: str, head: str, cell: Any) -> Any:
    is_person = isinstance(cell, str) and cell.strip().lower() == person.strip().lower()
    return STANDS_FOR[head] if is_person and head in STANDS_FOR else cell
