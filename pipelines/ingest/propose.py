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
import yaml

from pipelines.contracts import CanonicalObject, Reader, canonical_objects, load_contract, load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest.guesses import SURE, Evidence, Guess, best_object
from pipelines.ingest.hints import column_options, is_continental, words_found
from pipelines.ingest.looks import DATE, NUMBER, Looks
from pipelines.ingest.preview import preview, read_table
from pipelines.settings import Settings

SAMPLE_ROWS = 2000
DATED = (("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}"), ("%Y_%m_%d", r"\d{4}_\d{2}_\d{2}"), ("%Y%m%d", r"\d{8}"))


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
    name, guesses = best_object(frame, evidence, wanted, path.stem)
    if not guesses:
        raise AlmanacError(
            f"{path}: none of its headers is known ({', '.join(frame.columns[:12])}): say which object it is with "
            "--object, or add their words to the contract of another system"
        )
    system = system or re.sub(r"\W+", "_", re.sub(r"[\d_-]+.*$", "", path.stem.lower())).strip("_") or "new_system"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", system):
        system = "new_system"
    body = _written(path, system, canonical_objects()[name], guesses, frame, reader, evidence, _where(labelled, labels))
    said = f"{frame.height} rows looked at, {found['encoding']}, {len(guesses)} of {frame.width} columns mapped"
    return f"# Proposed from {path.name}: {said}.\n# {_tried(settings, path, body)}\n{body}"


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


def _written(
    path: Path,
    system: str,
    item: CanonicalObject,
    guesses: list[Guess],
    frame: pl.DataFrame,
    reader: dict[str, str],
    evidence: Evidence,
    where: list[str],
) -> str:
    headers: dict[str, list[str]] = {}
    for guess in guesses:
        headers.setdefault(guess.column, []).append(guess.header)
    sure = {guess.column: guess.confidence for guess in guesses}
    looks = {header: Looks.of(frame[header]) for header in frame.columns}
    numbers = [looks[names[0]] for name, names in headers.items() if item.columns[name].type in ("decimal", "number")]
    lines = [f"system: {system}", f"title: {system.replace('_', ' ').title()}"]
    if is_continental(numbers):
        lines.append('number_format: {thousands: ".", decimal: ","}')
    lines += [
        "objects:",
        f"  - object: {item.name}",
        *_file_lines(path),
        "    extract: full  # or incremental, window(<date column>)",
    ]
    told: dict[str, object] = {**reader, **({"fill_down": fill} if (fill := _fill_down(looks)) else {})}
    lines += [f"    reader: {json.dumps(told, ensure_ascii=False)}"] if told else []
    lines += where
    key = _key(item, headers, looks)
    lines += [
        f"    key: [{', '.join(key)}]" if key else "    key: none  # no columns tell the rows apart",
        "    columns:",
    ]
    for column, names in headers.items():
        options, hints = column_options(item.columns[column], column, names, [looks[name] for name in names])
        said = [] if sure[column] >= SURE else [f"{sure[column]:.0%} sure"]
        comment = "; ".join([*said, *hints])
        lines.append(f"      {column}: {_source(names, options)}{f'  # {comment}' if comment else ''}")
        lines += [f"      # {line}" for line in words_found(item.columns[column], looks[names[0]], evidence.words)]
    rest = [header for header in frame.columns if header not in {guess.header for guess in guesses}]
    lines += [f"    # not mapped, kept in _extra: {', '.join(map(repr, rest))}"] if rest else []
    return "\n".join(lines) + "\n"


def _where(header: str, labels: list[str]) -> list[str]:
    if not labels:
        return []
    words = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
    name = header.replace('"', '""')
    condition = quoted(f'"{name}" not in ({words})')
    return [f"    where: {condition}  # the fields are named once more below the header"]


def _file_lines(path: Path) -> list[str]:
    """The glob and the export date, from the file's name."""
    for form, pattern in DATED:
        if found := re.search(pattern, path.stem):
            stem = path.stem.replace(found.group(), "*")
            return [
                f"    files: {quoted(f'**/{stem}{path.suffix}')}",
                f"    exported_at: {{filename: '({pattern})', format: \"{form}\"}}",
            ]
    return [
        f"    files: {quoted(f'**/{path.name}')}",
        "    exported_at: {sidecar: true}  # the name holds no date",
    ]


def _fill_down(looks: dict[str, Looks]) -> list[str]:
    """Headers that are empty where the first one is: a bill's head stands on its first line only."""
    names = list(looks)
    rows = max((max(look.rows, default=-1) for look in looks.values()), default=-1) + 1
    first = looks[names[0]].rows
    if not first or 0 not in first or len(first) == rows:
        return []
    alike = [name for name in names if looks[name].rows and looks[name].rows <= first]
    return alike if len(alike) > 2 and all(looks[name].rows == first for name in alike[:3]) else []


def _key(item: CanonicalObject, headers: dict[str, list[str]], looks: dict[str, Looks]) -> list[str]:
    """The key column; else the columns that together tell the rows apart."""
    if item.key_column in headers and looks[headers[item.key_column][0]].distinct == 1:
        return [item.key_column]
    if "line_number" in headers:
        document = next((name for name in ("order_id", "invoice_id") if name in headers), None)
        return [document, "line_number"] if document else []
    parts = [item.key_column, *(name for name, column in item.columns.items() if column.required)]
    parts += [name for name in ("product_id", "component_id", "version") if name in item.columns]
    chosen = [name for name in dict.fromkeys(parts) if name in headers and looks[headers[name][0]].rows]
    return chosen if len(chosen) > 1 or item.key_column in chosen else []


def _source(headers: list[str], options: dict[str, object]) -> str:
    """The header alone, or with what the values ask for."""
    if len(headers) == 1 and not options:
        return quoted(headers[0])
    name, value = (
        ("from", quoted(headers[0])) if len(headers) == 1 else ("join", f"[{', '.join(map(quoted, headers))}]")
    )
    written = [
        f"{name}: {value}",
        *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in options.items()),
    ]
    return f"{{{', '.join(written)}}}"


def _tried(settings: Settings, path: Path, body: str) -> str:
    """What comes of the file under its own proposal, in one line."""
    with TemporaryDirectory() as folder:
        written = Path(folder) / "proposed.yml"
        written.write_text(body, encoding="utf-8")
        try:
            system = load_contract(written)
            read = preview(settings, system, system.objects[0], path, is_sample=True)
        except AlmanacError as error:
            return f"Not tried on the file: {str(error).removeprefix(f'{written}: ')}"
    seen = read.seen
    if seen.status != "loaded":
        return f"Tried on the file, it is rejected: {' '.join(seen.reason.split())}"
    refused = "".join(f"; record {row[3]}: {' '.join(row[8].split())}" for row in read.refused.head(3).rows())
    counts = f"{seen.rows_loaded} loaded + {seen.rows_quarantined} quarantined + {seen.rows_control} control"
    check = "Check every line, then `almanac sources check`."
    return f"Tried on the file: {seen.rows_in} rows in = {counts}{refused}. {check}"


def quoted(text: str) -> str:
    """Text as a YAML scalar."""
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=1000).strip()
