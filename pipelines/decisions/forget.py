"""Takes a person's name out of what people decided: own seeds, scenarios, the log of answers, kept workbooks.

And out of what the forecast ledger has kept of these.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipelines.decisions import log, own_seeds
from pipelines.home import durable
from pipelines.home.settings import Settings

# Seeds of decisions, and what stands for the person there: who decided must be somebody, who looks after it need not.
SEEDS = (
    *("approved_forecasts", "confirmed_deletions", "forecast_events", "match_overrides", "model_approvals"),
    *("review_decisions", "sop_decisions"),
)
NOBODY = "forgotten"
STANDS_FOR = {"decided_by": NOBODY, "approved_by": NOBODY, "confirmed_by": NOBODY, "owner": ""}
# Logs of the forecast ledger, and their column with a person.
LEDGER = {"forecast_model_registry": "approved_by", "forecast_scenarios": "owner_name", "forecast_values": "author"}


def forget(settings: Settings, person: str) -> list[Path]:
    """Replace the person in complete cells; the seeds and scenarios that were changed. Decisions stay, the name goes.

    Copies of review workbooks that the person answered are deleted.
    """
    for path in sorted((settings.state / log.LOG).glob("*.parquet")):
        _forget_answers(settings, path, person)
    for name, column in LEDGER.items():
        for path in sorted((settings.state / name).glob("*.parquet")):
            _forget_in_ledger(path, column, person)
    own = [settings.config / "forecasts.yml"] if settings.config else []
    asked = [path for path in (*own, *settings.scenarios) if path.is_file() and _forget_in_scenarios(path, person)]
    return [*(_forget_in_seeds(settings, person) if settings.config else ()), *asked]


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


def _forget_in_ledger(path: Path, column: str, person: str) -> None:
    if column not in pl.read_parquet_schema(path):
        return
    is_person = pl.col(column).str.strip_chars().str.to_lowercase() == person.strip().lower()
    if not pl.read_parquet(path, columns=[column]).select(is_person.any()).item():
        return
    rows = pl.read_parquet(path).with_columns(
        pl.when(is_person).then(pl.lit(NOBODY)).otherwise(pl.col(column)).alias(column)
    )
    temporary = path.with_name(f".{path.name}.tmp")
    rows.write_parquet(temporary)
    durable.keep(temporary, path)


def _forget_in_scenarios(path: Path, person: str) -> bool:
    """Whether the file named the person as who answers a scenario. Its comments stay where the words allow it."""
    text = path.read_text(encoding="utf-8")
    before = yaml.safe_load(text) or {}
    wanted = copy.deepcopy(before)
    for scenario in wanted.get("scenarios") or ():
        answer = scenario.get("response") or {}
        if str(answer.get("owner", "")).strip().lower() == person.strip().lower():
            answer["owner"] = NOBODY
    if wanted == before:
        return False
    named = re.compile(rf"(\bowner:\s*)([\"']?){re.escape(person.strip())}\2(?=\s*([,}}#]|$))", re.I | re.M)
    kept = named.sub(rf"\g<1>{NOBODY}", text)
    if yaml.safe_load(kept) != wanted:
        kept = yaml.safe_dump(wanted, allow_unicode=True, sort_keys=False)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(kept, encoding="utf-8")
    durable.keep(temporary, path)
    return True


def _without(person: str, head: str, cell: Any) -> Any:
    is_person = isinstance(cell, str) and cell.strip().lower() == person.strip().lower()
    return STANDS_FOR[head] if is_person and head in STANDS_FOR else cell
