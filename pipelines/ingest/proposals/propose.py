"""A contract proposed from one export, as YAML that can be run at once.

What is sure is written; what is not is written with its confidence; what was not understood is listed. The proposal is
tried on the file itself, and what came of it stands at its head.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipelines.contracts import ObjectContract, Reader, canonical_objects, load_contract, load_contracts
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.casting.header_mapping import map_headers
from pipelines.ingest.casting.unpivot import headings, long_headers
from pipelines.ingest.formats.source import FileRefusedError, folded
from pipelines.ingest.proposals.column_values import DATE, NUMBER, Looks
from pipelines.ingest.proposals.contract_yaml import Draft, written
from pipelines.ingest.proposals.mapping import Evidence, Guess, best_object
from pipelines.ingest.proposals.preview import Preview, preview, read_table
from pipelines.ingest.proposals.wide_sheets import (
    MEASURE,
    Wide,
    find_entered,
    find_wide,
    measure_columns,
    periodic_objects,
)

SAMPLE_ROWS = 2000


def propose(settings: Settings, path: Path, system: str, wanted: str | None) -> str:
    """The contract as YAML text with the confidence of every line. Raises AlmanacError for a file that is no table."""
    if wanted and wanted not in canonical_objects():
        raise AlmanacError(f"{wanted!r} is not canonical; known: {', '.join(canonical_objects())}")
    reader, frame, found = _read(path)
    if not frame.height:
        raise AlmanacError(f"{path}: has no rows to learn from")
    labelled, labels = _labels(frame)
    frame = frame.slice(len(labels)).head(SAMPLE_ROWS)
    known = load_contracts(settings.sources).values() if settings.sources.is_dir() else ()
    evidence = Evidence.of(settings, known)
    name, guesses, wide = understood(frame, evidence, wanted, path.stem, found["titles"])
    if not guesses:
        raise AlmanacError(
            f"{path}: none of its headers is known ({', '.join(frame.columns[:12])}): say which object it is with "
            f"--object ({', '.join(canonical_objects())}), or add their words to the contract of another system"
        )
    entered = None if wide else find_entered(frame)
    draft = Draft(
        path=path, system=_system(path, system), item=canonical_objects()[name], guesses=guesses, frame=frame,
        reader=reader, titles=found["titles"], evidence=evidence, wide=wide, entered=entered, labelled=labelled,
        labels=labels,
    )  # fmt: skip
    body = written(draft)
    mapped, tried = _tried(settings, path, body, frame.columns)
    if mapped is None:  # nothing was read: what would be, by the guesses
        guessed = {guess.header for guess in guesses}
        mapped = guessed & set(frame.columns) | (wide.of(guessed) if wide else set(entered[1] if entered else ()))
    said = f"{frame.height} rows looked at, {found['encoding']}, {len(mapped)} of {frame.width} columns mapped"
    return f"# Proposed from {path.name}: {said}.\n{tried}{body}"


def understood(
    frame: pl.DataFrame, evidence: Evidence, wanted: str | None, stem: str, titles: list[str]
) -> tuple[str, list[Guess], Wide | None]:
    """The canonical object of a table, a guess per header, and which of its columns are periods.

    titles: what stands above the table; it says, as the file's name does, what the rows are.
    """
    wide = find_wide(frame, titles, stem)
    said = " ".join([stem, *(re.sub(r"\S+[:：]\s*\S+", " ", title) for title in titles)])  # 编制：王伟 names no rows
    if wide is None or (wanted and wanted not in periodic_objects()):
        entered = find_entered(frame)
        rest = frame.drop(entered[1]) if entered else frame
        return *best_object(rest, evidence, [wanted] if wanted else None, said), None
    sums = [header for header in frame.columns if header not in wide.headers and wide.totals.fullmatch(header)]
    kept = frame.drop([*wide.headers, *sums])
    name, guesses = best_object(kept, evidence, [wanted] if wanted else periodic_objects(), said, is_part=True)
    measures = measure_columns(canonical_objects()[name], wide, said)
    if MEASURE not in measures and measures:  # no column is left for it: nothing would read what it is turned into
        wide = wide.without(MEASURE)
    taken = {"period_start", "period", *(column for column, _ in measures.values())}
    guesses = [guess for guess in guesses if guess.column not in taken]
    guesses.append(Guess(wide.name, "period_start", 0.95))
    return name, [*guesses, *(Guess(header, *found) for header, found in measures.items())], wide


def _system(path: Path, system: str) -> str:
    system = system or re.sub(r"\W+", "_", re.sub(r"[\d_-]+.*$", "", path.stem.lower())).strip("_")
    return system if re.fullmatch(r"[a-z][a-z0-9_]*", system) else "new_system"


def _read(path: Path) -> tuple[dict[str, str], pl.DataFrame, dict[str, Any]]:
    """What the reader must be told, the table, and what was found out about it."""
    told: dict[str, str] = {}
    if path.suffix.lower() == ".json" and (records := _records(path)):
        told = {"records": records}
    frame, found = read_table(path, reader=Reader.model_validate(told))
    if found["delimiter"] == "|" and found["refused"]:
        ruled = {"delimiter": "|", "comment": "-"}  # a list as it stands on the screen, ruled with dashes
        other, other_found = read_table(path, reader=Reader.model_validate(ruled))
        if len(other_found["refused"]) < len(found["refused"]):
            return ruled, other, other_found
    return told, frame, found


def _labels(frame: pl.DataFrame) -> tuple[str, list[str]]:
    """A column of numbers or dates and its words in the first rows, where these name the fields once more."""
    for depth in (2, 1):
        looks = {header: Looks.of(frame[header].slice(depth)) for header in frame.columns}
        valued = [name for name, look in looks.items() if look.texts and max(look.numbers, look.dates) > 0.6]
        heads = [[frame[name][row] or "" for name in valued] for row in range(min(depth, frame.height))]
        if len(valued) > 1 and frame.height > depth and all(_are_labels(cells) for cells in heads):
            named = next(i for i in range(len(valued)) if all(cells[i] for cells in heads))
            return valued[named], [cells[named] for cells in heads]
    return "", []


def _are_labels(cells: list[str]) -> bool:
    """Whether no cell of a row can be a value, and more than one says something."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) > 1 and not any(NUMBER.match(cell) or DATE.match(cell) for cell in filled)


def _records(path: Path) -> str:
    """Where the longest list of objects stands in a JSON document, as `data.list`; empty where it is the document."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError:
        return ""
    lists: dict[str, int] = {}
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{place}.{key}".strip("."), item) for key, item in value.items()]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lists[place] = len(value)
    return max(lists, key=lambda place: lists[place], default="")


def _tried(settings: Settings, path: Path, body: str, headers: list[str]) -> tuple[set[str] | None, str]:
    """What comes of the file under its own proposal: the headers that are read, where known, and a line per object."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "proposed.yml"
        place.write_text(body, encoding="utf-8")
        try:
            system = load_contract(place)
            tries = [preview(settings, system, item, path, is_sample=True) for item in system.objects]
        except AlmanacError as error:
            return None, f"# Not tried on the file: {str(error).removeprefix(f'{place}: ')}\n"
    lines = "".join(f"# {_outcome(read)}\n" for read in tries)
    try:
        return {header for item in system.objects for header in _read_by(item, headers)}, lines
    except FileRefusedError:
        return None, lines


def _read_by(item: ObjectContract, headers: list[str]) -> set[str]:
    """The headers of a file that a contract reads. Raises FileRefusedError where it refuses them."""
    made = headings(item.unpivot, headers) if item.unpivot else []
    mapping = map_headers(item, [*long_headers(item, headers), *item.stated])
    under = {header: value for heading in made for value, header in heading.cells.items()}
    left = set(map(folded, (*mapping.extra, *item.ignore)))
    return {header for header in headers if folded(under.get(header, header)) not in left}


def _outcome(read: Preview) -> str:
    outcome = read.outcome
    if outcome.status != "loaded":
        return f"Tried on the file, it is rejected: {' '.join(outcome.reason.split())}"
    refused = "".join(f"; record {row[3]}: {' '.join(row[8].split())}" for row in read.refused.head(3).rows())
    counts = f"{outcome.rows_loaded} loaded + {outcome.rows_quarantined} quarantined + {outcome.rows_control} control"
    check = "Check every line, then `almanac sources check`."
    return f"Tried on the file: {outcome.rows_in} rows in = {counts}{refused}. {check}"
