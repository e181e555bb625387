"""A contract proposed from one export, as YAML that can be run at once.

Uncertain lines carry their confidence, and headers that were not mapped are listed. The proposal is tried on the file
itself, and its head shows the result.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipelines.contracts import (
    CanonicalObject,
    ObjectContract,
    Reader,
    canonical_objects,
    load_contract,
    load_contracts,
)
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.arrival import FileOutcome
from pipelines.ingest.casting.header_mapping import map_headers
from pipelines.ingest.casting.unpivot import headings, long_headers
from pipelines.ingest.formats.source import FileRefusedError, folded
from pipelines.ingest.formats.workbook import table_sheet
from pipelines.ingest.proposals.column_values import DATE, NUMBER, ColumnSample
from pipelines.ingest.proposals.contract_yaml import AMOUNT, ContractDraft, filled_down, to_yaml
from pipelines.ingest.proposals.documents import DOCUMENTS
from pipelines.ingest.proposals.evidence import head_columns
from pipelines.ingest.proposals.guess import CONFIDENT, SURE, Guess
from pipelines.ingest.proposals.headers import common_prefix, is_known, plain
from pipelines.ingest.proposals.mapping import ProposalContext, best_object
from pipelines.ingest.proposals.object_choice import is_named_after
from pipelines.ingest.proposals.preview import Preview, preview, read_table
from pipelines.ingest.proposals.wide_sheets import (
    MEASURE,
    WideTable,
    find_stage_dates,
    find_wide,
    measure_columns,
    periodic_objects,
)

ENOUGH_HEADERS, KNOWN_SHARE = 4, 0.5  # below both, what a row is is asked
GOODS = {"quantity", "unit_price"}  # what lines have and lists of documents lack
QUESTIONS = 2  # that a person answers for one file
REFUSED_SHARE = 0.01  # of the rows: a proposal that refuses more says so first
LINES = {"orders": "order_lines", "invoices": "invoice_lines"}
HEADS = {lines: document for document, lines in LINES.items()}
REPEATED_SHARE = 0.9  # of numbers to rows: a list of documents may repeat a few by mistake


def propose(settings: Settings, path: Path, system: str, wanted: str | None, encoding: str = "") -> str:
    """The contract as YAML text, with the confidence of uncertain lines. Raises AlmanacError where it is no table.

    encoding: of a text file whose bytes leave it open.
    """
    draft, about = drafted(settings, known_context(settings), path, system, wanted, encoding)
    body = to_yaml(draft)
    mapped, trial = _trial(settings, path, body, draft.frame.columns)
    if mapped is None:  # the trial failed: the headers that the guesses map
        guessed_headers = {guess.header for guess in draft.guesses}
        mapped = guessed_headers & set(draft.frame.columns) | (
            draft.wide.of(guessed_headers) if draft.wide else set(draft.stage_dates[1] if draft.stage_dates else ())
        )
    frame = draft.frame
    summary = f"{frame.height} rows examined, {about['encoding']}, {len(mapped)} of {frame.width} columns mapped"
    return f"# Proposed from {path.name}: {summary}.\n{trial}{body}"


def known_context(settings: Settings) -> ProposalContext:
    """What is known before a file is read: the words and the contracts of the home."""
    contracts = load_contracts(settings.sources).values() if settings.sources.is_dir() else ()
    return ProposalContext.of(settings, contracts)


def drafted(
    settings: Settings, context: ProposalContext, path: Path, system: str, wanted: str | None = None, encoding: str = ""
) -> tuple[ContractDraft, dict[str, Any]]:
    """The proposal for one file, decided on all of its rows, and what was detected about the file."""
    if wanted and wanted not in canonical_objects():
        raise AlmanacError(f"{wanted!r} is not canonical; known: {', '.join(canonical_objects())}")
    reader, frame, about = _read(path, encoding)
    if not frame.height:
        raise AlmanacError(f"{path}: has no rows to propose from")
    label_column, labels = _labels(frame)
    frame = frame.slice(len(labels))
    name, guesses, wide = interpret(frame, context, wanted, path.stem, about["titles"])
    if not guesses or (wide is None and not wanted and is_open(frame, guesses, name, path.stem)):
        few = f"too few of its headers are known to tell what a row is, perhaps {name}"
        raise AlmanacError(
            f"{path}: {few if guesses else 'none of its headers is known'} ({', '.join(frame.columns[:12])}): "
            f"choose its object with --object ({', '.join(canonical_objects())}), "
            "or add their words to the contract of another system"
        )
    stage_dates = None if wide else find_stage_dates(frame)
    # A measure of a wide table is what its cells become, however sure.
    guesses, questions = (guesses, ()) if wide else settled(guesses, canonical_objects()[name])
    draft = ContractDraft(
        path=path, system=_system(path, system), canonical=canonical_objects()[name], guesses=guesses, frame=frame,
        reader=reader, titles=about["titles"], context=context, wide=wide, stage_dates=stage_dates,
        label_column=label_column, labels=labels, questions=questions,
    )  # fmt: skip
    return draft, about


def is_open(frame: pl.DataFrame, guesses: list[Guess], name: str, stem: str) -> bool:
    """Whether hardly a header names a column, and the file's name or most headers are in words that are not known.

    What its rows are is then a question: an e-mail address or a first column of ids fits many objects.
    """
    known = sum(map(is_known, frame.columns))
    sure = sum(guess.confidence >= SURE for guess in guesses)
    if sure >= min(ENOUGH_HEADERS, KNOWN_SHARE * frame.width):
        return False
    return known < KNOWN_SHARE * frame.width or not is_named_after(f"{stem} {common_prefix(frame.columns)}", name)


def settled(guesses: list[Guess], item: CanonicalObject) -> tuple[list[Guess], tuple[Guess, ...]]:
    """The guesses that are proposed, and the likeliest of those that are asked about instead, at most two.

    What the object cannot live without is proposed with its confidence, however low; of a column of yes
    and no the words are asked for anyway.
    """
    needed = {name for name, column in item.columns.items() if column.required or column.type == "boolean"}
    needed.add(item.key_column)
    sure = [guess for guess in guesses if guess.confidence >= CONFIDENT or guess.column in needed]
    unsure = sorted((guess for guess in guesses if guess not in sure), key=lambda guess: -guess.confidence)
    return sure, tuple(unsure[:QUESTIONS])


def interpret(
    frame: pl.DataFrame, context: ProposalContext, wanted: str | None, stem: str, titles: list[str]
) -> tuple[str, list[Guess], WideTable | None]:
    """The canonical object of a table, a guess per header, and the table's columns that are periods.

    titles: texts above the table, which often name the rows, as the file's name does.
    """
    wide = find_wide(frame, titles, stem)
    words = " ".join([stem, *(re.sub(r"\S+[:：]\s*\S+", " ", title) for title in titles)])  # 编制：王伟 names no rows
    if wide is None or (wanted and wanted not in periodic_objects()):
        stage_dates = find_stage_dates(frame)
        rest = frame.drop(stage_dates[1]) if stage_dates else frame
        return *_best_without_heads(rest, context, [wanted] if wanted else None, words), None
    sums = [header for header in frame.columns if header not in wide.headers and wide.totals.fullmatch(header)]
    kept = frame.drop([*wide.headers, *sums])
    name, guesses = best_object(kept, context, [wanted] if wanted else periodic_objects(), words, is_part=True)
    measures = measure_columns(canonical_objects()[name], wide, words)
    if MEASURE not in measures and measures:  # no column is left to read it
        wide = wide.without(MEASURE)
    assigned = {"period_start", "period", *(column for column, _ in measures.values())}
    guesses = [guess for guess in guesses if guess.column not in assigned]
    guesses.append(Guess(wide.name, "period_start", 0.95))
    return name, [*guesses, *(Guess(header, *match) for header, match in measures.items())], wide


def _best_without_heads(
    frame: pl.DataFrame, context: ProposalContext, wanted: list[str] | None, words: str
) -> tuple[str, list[Guess]]:
    """The object of a table and its guesses; no amount of a document's head is read as an amount of each line.

    A head that is written on the first line of its document only is filled down to the others, and its total would
    count once per line.
    """
    name, guesses = best_object(frame, context, wanted, words)
    if not wanted and name in LINES and _repeats(frame, guesses, canonical_objects()[name].key_column):
        as_lines = best_object(frame, context, [LINES[name]], words)
        if GOODS & {guess.column for guess in as_lines[1]}:
            name, guesses = as_lines
    elif not wanted and name in HEADS and _is_list(frame, guesses):
        name, guesses = best_object(frame, context, [HEADS[name]], words)
    samples = {header: ColumnSample.of(frame[header]) for header in frame.columns}
    heads = set(filled_down(samples))
    if canonical_objects()[name].key_column == "line_id":
        documents = [guess.header for guess in guesses if guess.column in DOCUMENTS]
        heads |= {header for document in documents[:1] for header in head_columns(frame, document)}
    totals = [header for header in frame.columns if header in heads and samples[header].share(AMOUNT.fullmatch) == 1]
    return best_object(frame.drop(totals), context, [name], words) if totals else (name, guesses)


def _is_list(frame: pl.DataFrame, guesses: list[Guess]) -> bool:
    """Whether every row has a document's number of its own: without goods, these are documents and no lines.

    Some lists count the pieces of each document beside its status: without a price they are documents too.
    """
    header = next((guess.header for guess in guesses if guess.column in DOCUMENTS), None)
    if header is None or not ColumnSample.of(frame[header]).is_unique:
        return False
    goods = GOODS & {guess.column for guess in guesses}
    return not goods or (goods == {"quantity"} and any("status" in plain(name).split() for name in frame.columns))


def _repeats(frame: pl.DataFrame, guesses: list[Guess], key: str) -> bool:
    """Whether rows share their document's number, written on each of them or on the first only: they are its lines."""
    header = next((guess.header for guess in guesses if guess.column == key), None)
    if header is None:
        return False
    numbers = frame.select(pl.col(header).str.strip_chars().replace("", None).forward_fill())
    others = frame.unique().height  # rows that are equal are one row twice, no lines
    return numbers.n_unique() < REPEATED_SHARE * others


def _system(path: Path, system: str) -> str:
    system = system or re.sub(r"\W+", "_", re.sub(r"[\d_-]+.*$", "", path.stem.lower())).strip("_")
    return system if re.fullmatch(r"[a-z][a-z0-9_]*", system) else "new_system"


def _read(path: Path, encoding: str = "") -> tuple[dict[str, str], pl.DataFrame, dict[str, Any]]:
    """Options of the reader, the table, and what was detected about it."""
    options: dict[str, str] = {"encoding": encoding} if encoding else {}
    if sheet := table_sheet(path):
        options = {"sheet": sheet}
    if path.suffix.lower() == ".json" and (records := _records(path, encoding)):
        options |= {"records": records}
    frame, about = read_table(path, reader=Reader.model_validate(options))
    if about["delimiter"] == "|" and about["refused"]:
        ruled = options | {"delimiter": "|", "comment": "-"}  # a list saved from the screen, with rules of dashes
        ruled_frame, ruled_about = read_table(path, reader=Reader.model_validate(ruled))
        if len(ruled_about["refused"]) < len(about["refused"]):
            return ruled, ruled_frame, ruled_about
    return options, frame, about


def _labels(frame: pl.DataFrame) -> tuple[str, list[str]]:
    """A column of numbers or dates and its words in the first rows, where these rows repeat the labels."""
    for depth in (2, 1):
        samples = {header: ColumnSample.of(frame[header].slice(depth)) for header in frame.columns}
        valued = [
            name
            for name, sample in samples.items()
            if sample.texts and max(sample.number_share, sample.date_share) > 0.6
        ]
        heads = [[frame[name][row] or "" for name in valued] for row in range(min(depth, frame.height))]
        if len(valued) > 1 and frame.height > depth and all(_are_labels(cells) for cells in heads):
            named = next(i for i in range(len(valued)) if all(cells[i] for cells in heads))
            return valued[named], [cells[named] for cells in heads]
    return "", []


def _are_labels(cells: list[str]) -> bool:
    """Whether no cell of a row can be a value (a damaged id such as 4,87688E+18 is one), and several are filled."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) > 1 and not any(NUMBER.match(cell) or DATE.match(cell) or _is_code(cell) for cell in filled)


def _is_code(cell: str) -> bool:
    """Whether at least half of the letters and digits are digits, as in no label."""
    signs = [letter for letter in cell if letter.isalnum()]
    return 2 * sum(letter.isdigit() for letter in signs) >= len(signs) > 0


def _records(path: Path, encoding: str) -> str:
    """Path to the longest list of objects in a JSON document, as `data.list`; empty where it is the document."""
    try:
        data = path.read_bytes()
        document = json.loads(data.decode(encoding) if encoding else data)
    except (ValueError, LookupError, RecursionError):
        return ""
    lists: dict[str, int] = {}
    pending: list[tuple[str, object]] = [("", document)]
    while pending:
        path_to, value = pending.pop()
        if isinstance(value, dict):
            pending += [(f"{path_to}.{key}".strip("."), item) for key, item in value.items()]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lists[path_to] = len(value)
    return max(lists, key=lambda path_to: lists[path_to], default="")


def _trial(settings: Settings, path: Path, body: str, headers: list[str]) -> tuple[set[str] | None, str]:
    """The file read under its own proposal: the headers that are read, None where unknown, and a line per object."""
    with TemporaryDirectory() as folder:
        contract_file = Path(folder) / "proposed.yml"
        contract_file.write_text(body, encoding="utf-8")
        try:
            system = load_contract(contract_file)
            previews = [preview(settings, system, item, path, is_sample=True) for item in system.objects]
        except AlmanacError as error:
            return None, f"# Not tried on the file: {str(error).removeprefix(f'{contract_file}: ')}\n"
    warnings = [warning for read in previews if (warning := warning_of(read.outcome))]
    lines = "".join(f"# {line}\n" for line in [*warnings, *map(outcome_line, previews)])
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


def warning_of(outcome: FileOutcome) -> str:
    """What is said first of a proposal that refuses more rows than a file has errors."""
    rows = max(outcome.rows_in - outcome.rows_control, 1)
    if outcome.status != "loaded" or outcome.rows_quarantined <= REFUSED_SHARE * rows:
        return ""
    return (
        f"It would refuse {outcome.rows_quarantined:,} of {rows:,} rows ({outcome.rows_quarantined / rows:.0%}): why?"
    )


def outcome_line(read: Preview) -> str:
    """What came of a file under its proposal, in one line."""
    outcome = read.outcome
    if outcome.status != "loaded":
        return f"Tried on the file, it is rejected: {' '.join(outcome.reason.split())}"
    refused = "".join(f"; record {row[3]}: {' '.join(row[8].split())}" for row in read.refused.head(3).rows())
    counts = f"{outcome.rows_loaded} loaded + {outcome.rows_quarantined} quarantined + {outcome.rows_control} control"
    check = "Check every line, then `almanac sources check`."
    return f"Tried on the file: {outcome.rows_in} rows in = {counts}{refused}. {check}"
