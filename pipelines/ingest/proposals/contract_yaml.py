"""The YAML of a proposed contract: what was mapped as lines, the rest as comments."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from pipelines.contracts import CanonicalColumn, CanonicalObject
from pipelines.contracts.money import money_columns
from pipelines.ingest.casting.currency import read_currency
from pipelines.ingest.casting.currency_marks import HEADER_MARK, meanings
from pipelines.ingest.formats.source import folded
from pipelines.ingest.proposals.column_values import SAMPLE_CELLS, ColumnSample
from pipelines.ingest.proposals.documents import DOCUMENTS
from pipelines.ingest.proposals.evidence import head_columns
from pipelines.ingest.proposals.guess import SURE, Guess
from pipelines.ingest.proposals.headers import aliases, exact_similarities
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.options import column_options, is_continental, word_mappings
from pipelines.ingest.proposals.wide_sheets import MEASURE, WideTable

DATE_FORMATS = (("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}"), ("%Y_%m_%d", r"\d{4}_\d{2}_\d{2}"), ("%Y%m%d", r"\d{8}"))
# Key columns of objects without an id of their own.
FEW_REPEATED = 0.9  # of the ids of records are different: those that repeat are errors, and quarantined
KEY_PARTS = ("member", "dealer_id", "team", "role", "department", "product_id", "component_id", "version")
AMOUNT = re.compile(r"-?[\d.,]*[.,]\d+")
DIMENSIONS = {"region": "region", "product_line": "product_line", "team": "team", "owner_name": "rep"}


@dataclass(frozen=True)
class ContractDraft:
    """The proposal for one file before it is written as YAML."""

    path: Path
    system: str
    canonical: CanonicalObject
    guesses: list[Guess]
    frame: pl.DataFrame
    reader: dict[str, str]
    titles: list[str]
    context: ProposalContext
    wide: WideTable | None
    stage_dates: tuple[str, list[str]] | None
    label_column: str
    labels: list[str]
    questions: tuple[Guess, ...] = ()
    name: str = ""

    @property
    def table(self) -> pl.DataFrame:
        """The rows of the object: the file's, or the long ones that its columns are unpivoted to."""
        return self.wide.long(self.frame) if self.wide else self.frame

    @property
    def headers(self) -> dict[str, list[str]]:
        """Canonical column to the headers that feed it."""
        by_column: dict[str, list[str]] = {}
        for guess in self.guesses:
            by_column.setdefault(guess.column, []).append(guess.header)
        return by_column


def to_yaml(*drafts: ContractDraft) -> str:
    """The contract of one system as YAML, with an object per draft."""
    system = drafts[0].system
    lines = [f"system: {system}", f"title: {system.replace('_', ' ').title()}", "objects:"]
    for draft in drafts:
        lines += _object_lines(draft)
    return "\n".join(lines) + "\n"


def _object_lines(draft: ContractDraft) -> list[str]:
    samples = {header: ColumnSample.of(draft.table[header]) for header in draft.table.columns}
    number_samples = [
        samples[h[0]]
        for name, h in draft.headers.items()
        if draft.canonical.columns[name].type in ("decimal", "number")
    ]
    lines = [f"  - object: {draft.canonical.name}", *([f"    name: {draft.name}"] if draft.name else [])]
    lines += _file_lines(draft.path)
    if is_continental(number_samples):
        lines.append('    number_format: {thousands: ".", decimal: ","}')
    lines += ["    extract: full  # or incremental, window(<date column>)", *_reader_lines(draft), *_wide_lines(draft)]
    lines += _key_lines(draft, samples)
    return [*lines, "    columns:", *_column_lines(draft, samples), *_rest_lines(draft), *_stage_history_lines(draft)]


def _reader_lines(draft: ContractDraft) -> list[str]:
    samples = {header: ColumnSample.of(draft.frame[header]) for header in draft.frame.columns}
    fill = _merged_column(draft) if draft.wide else _fill(draft, samples)
    options: dict[str, object] = {**draft.reader, **({"fill_down": fill} if fill else {})}
    documents = [draft.headers[name][0] for name in DOCUMENTS if name in draft.headers]
    if fill and not draft.wide and documents and draft.canonical.key_column == "line_id":
        options["fill_down"] = fill if documents[0] in fill else [documents[0], *fill]
        options["fill_down_within"] = documents[0]  # a blank head is not that of the document above
    lines = [f"    reader: {json.dumps(options, ensure_ascii=False)}"] if options else []
    if draft.labels:
        words = ", ".join("'" + label.replace("'", "''") + "'" for label in draft.labels)
        name = draft.label_column.replace('"', '""')
        condition = quoted(f'"{name}" not in ({words})')
        lines.append(f"    where: {condition}  # the rows below the header repeat its labels")
    return lines


def _wide_lines(draft: ContractDraft) -> list[str]:
    wide = draft.wide
    if wide is None:
        return []
    lines = []
    if wide.lacks_year and "column" not in wide.year:
        stated = (
            "".join(f"{{{source}: {_plain(value_text)}}}" for source, value_text in wide.year.items()) or '{const: "?"}'
        )
        remark = "" if wide.year else "  # which year? The file does not state it"
        lines.append(f"    stated: {{Year: {stated}}}{remark}")
    value = f", value: {MEASURE}" if MEASURE in wide.measures else ""
    lines.append(f"    unpivot: {{columns: {_plain(wide.pattern)}, name: {wide.name}{value}}}")
    return lines


def _key_lines(draft: ContractDraft, samples: dict[str, ColumnSample]) -> list[str]:
    key = _key(draft.canonical, draft.headers, samples)
    if not key:
        return ["    key: none  # no columns identify a row"]
    table = draft.table.with_columns(pl.col(header).forward_fill() for header in _merged_column(draft))
    headers = [header for name in key for header in draft.headers[name]]
    mapped = {guess.header for guess in draft.guesses}
    repeated = table.height - table.select(headers).n_unique()
    for header in (name for name in table.columns if repeated and name not in mapped):
        if (fewer := table.height - table.select(*headers, header).n_unique()) < repeated and draft.wide:
            key, headers, repeated = [*key, quoted(header)], [*headers, header], fewer
    remark = f"  # {repeated} rows repeat a key: which column distinguishes them?" if repeated else ""
    return [f"    key: [{', '.join(key)}]{remark}"]


def _column_lines(draft: ContractDraft, samples: dict[str, ColumnSample]) -> list[str]:
    confidence = {guess.column: guess.confidence for guess in draft.guesses}
    lines = []
    for column, names in draft.headers.items():
        if draft.wide and column == "period_start":
            lines += _period_lines(draft, draft.wide)
            continue
        canonical = draft.canonical.columns[column]
        options, hints = column_options(canonical, column, names, [samples[name] for name in names], draft.titles)
        remarks = [] if confidence[column] >= SURE else [f"{confidence[column]:.0%} confident"]
        comment = "; ".join([*remarks, *hints])
        lines.append(f"      {column}: {_source(names, options)}{f'  # {comment}' if comment else ''}")
        lines += [f"      # {line}" for line in word_mappings(canonical, samples[names[0]], draft.context.vocabularies)]
    asked = {guess.column: f"a question, {guess.confidence:.0%} sure: remove the # if so" for guess in draft.questions}
    lines += [f"      # {guess.column}: {quoted(guess.header)}  # {asked[guess.column]}" for guess in draft.questions]
    return [*lines, *_currency_lines(draft, samples), *_level_lines(draft), *_missing_lines(draft)]


def _currency_lines(draft: ContractDraft, samples: dict[str, ColumnSample]) -> list[str]:
    """The question which currency the amounts are in, where no column of the file answers it."""
    money = [header for name in money_columns(draft.canonical) for header in draft.headers.get(name, ())]
    if not money or "currency" in draft.headers:
        return []
    texts = [*draft.titles, *money, *(text for header in money for text in samples[header].texts[:100])]
    guess = _of_header(money) or read_currency(texts, draft.frame.columns)
    base = draft.context.base_currency
    code, reads = (guess[0], f"{guess[1]!r} reads like {guess[0]}") if guess else (base, "the file does not state it")
    return [f"      currency: {{const: {code}}}  # which currency? {reads}; the company counts in {base}"]


def _of_header(money: list[str]) -> tuple[str, str] | None:
    """The currency that a header of money names (Netto_EUR), with the header."""
    marks = ((match.group(), header) for header in money if (match := HEADER_MARK.search(header.replace("_", " "))))
    return next(((mark, header) for mark, header in marks if meanings(mark) == {mark}), None)


def _period_lines(draft: ContractDraft, wide: WideTable) -> list[str]:
    formats = f", formats: {json.dumps(list(wide.formats), ensure_ascii=False)}" if wide.formats else ""
    source = f"from: {wide.name}"
    if wide.next_year:
        return _fiscal_lines(draft, wide)
    if wide.lacks_year:
        source = f'join: [{quoted(wide.year.get("column", "Year"))}, {wide.name}], separator: "-"'
    lines = [f"      period_start: {{{source}{formats}}}"]
    return [*lines, f"      period: {{const: {wide.period}}}"] if "period" in draft.canonical.columns else lines


def _fiscal_lines(draft: ContractDraft, wide: WideTable) -> list[str]:
    """The period of a table whose months run into the next calendar year: April to March."""
    months = ", ".join(f"'{month}'" for month in wide.next_year)
    year = wide.year.get("column", "Year")
    written = f"""cast(cast("{year}" as integer) + cast("{wide.name}" in ({months}) as integer) as varchar)"""
    expression = f"""strptime({written} || '-' || "{wide.name}", '{wide.formats[0]}')::date"""
    lines = [
        f"      # {wide.months[0]} to {wide.months[-1]}: those from {wide.next_year[0]} on are taken for the year",
        "      # after the one stated. Is the stated year the one in which the fiscal year begins?",
        f"      period_start: {{expression: {quoted(expression)}}}",
    ]
    return [*lines, f"      period: {{const: {wide.period}}}"] if "period" in draft.canonical.columns else lines


def _level_lines(draft: ContractDraft) -> list[str]:
    """The dimension of `member`, where its header names one."""
    if "level" not in draft.canonical.columns or "level" in draft.headers or "member" not in draft.headers:
        return []
    header = draft.headers["member"][0]
    similarities = exact_similarities(
        header, {name: aliases(name_of)[name] for name, name_of in _DIMENSION_OBJECTS.items()}, frozenset()
    )
    best = max(similarities, key=lambda name: similarities[name], default=None)
    return [f"      level: {{const: {DIMENSIONS[best]}}}  # {header!r} is one"] if best else []


_STAGE = CanonicalColumn(type="text", about="Stage.", map="stages")
_DIMENSION_OBJECTS = {
    "region": "accounts",
    "product_line": "products",
    "team": "opportunities",
    "owner_name": "opportunities",
}


def _missing_lines(draft: ContractDraft) -> list[str]:
    return [
        f"      # {name}: required and not found: {column.about} Name its header, or set {{const: ...}}"
        for name, column in draft.canonical.columns.items()
        if column.required and name not in draft.headers and not (name == "level" and _level_lines(draft))
    ]


def _rest_lines(draft: ContractDraft) -> list[str]:
    guessed = {guess.header for guess in draft.guesses}
    handled = guessed | set(draft.stage_dates[1] if draft.stage_dates else ())
    if draft.wide:
        handled |= draft.wide.of(guessed)
        handled |= set(draft.wide.year.values())
    rest = [header for header in draft.frame.columns if header not in handled]
    sums = [header for header in rest if draft.wide and draft.wide.totals.fullmatch(header)]
    lines = [f"    ignore: [{', '.join(map(quoted, sums))}]  # the sum of the periods"] if sums else []
    rest = [header for header in rest if header not in sums]
    return [*lines, *([f"    # not mapped, kept in _extra: {', '.join(map(repr, rest))}"] if rest else [])]


def _stage_history_lines(draft: ContractDraft) -> list[str]:
    """The columns of dates per stage, as the stage history of the same deals."""
    if draft.stage_dates is None or "opportunity_id" not in draft.headers:
        return []
    pattern, headers = draft.stage_dates
    stages = [match.group(1) for header in headers if (match := re.fullmatch(pattern, header, re.IGNORECASE))]
    sample = ColumnSample(tuple(stages), frozenset(range(len(stages))))
    words = word_mappings(_STAGE, sample, draft.context.vocabularies)
    key = draft.headers["opportunity_id"]
    stage, entered = (_unused(name, draft.frame.columns) for name in ("Stage", "Entered"))
    options, _ = column_options(
        draft.canonical.columns["opportunity_id"],
        "opportunity_id",
        key,
        [ColumnSample.of(draft.frame[name]) for name in key],
    )
    return [
        "  - object: opportunity_history  # the dates on which the deals entered their stages",
        "    name: stage_entries",
        *_file_lines(draft.path),
        f"    unpivot: {{columns: {_plain(pattern)}, name: {stage}, value: {entered}, optional: true}}",
        "    key: [opportunity_id, stage]",
        "    columns:",
        f"      opportunity_id: {_source(key, options)}",
        f"      stage: {stage}",
        *(f"      # {line}" for line in words),
        f"      changed_at: {entered}",
    ]


def _unused(name: str, headers: Iterable[str]) -> str:
    """A name for what is read from headers, another where the file has one of that name."""
    return f"{name}_history" if folded(name) in map(folded, headers) else name


def _file_lines(path: Path) -> list[str]:
    """The glob and the export date, from the file's name."""
    for form, pattern in DATE_FORMATS:
        if match := re.search(pattern, path.stem):
            stem = path.stem.replace(match.group(), "*")
            return [
                f"    files: {quoted(f'**/{stem}{path.suffix}')}",
                f"    exported_at: {{filename: '({pattern})', format: \"{form}\"}}",
            ]
    return [
        f"    files: {quoted(f'**/{path.name}')}",
        "    exported_at: {sidecar: true}  # the name holds no date",
    ]


def _fill(draft: ContractDraft, samples: dict[str, ColumnSample]) -> list[str]:
    """The headers to fill down: those of a document's head without its amounts, which are no line's."""
    mapped = {guess.header for guess in draft.guesses}
    return [name for name in filled_down(samples) if name in mapped or samples[name].share(AMOUNT.fullmatch) < 1] or [
        name for name in _heads(draft) if name in mapped and samples[name].share(AMOUNT.fullmatch) < 1
    ]


def _heads(draft: ContractDraft) -> list[str]:
    """Columns of a document's head, where its number is on all rows: filled on first rows only."""
    documents = [draft.headers[name][0] for name in DOCUMENTS if name in draft.headers]
    if draft.canonical.key_column != "line_id" or not documents:
        return []
    return head_columns(draft.frame, documents[0])


def filled_down(samples: dict[str, ColumnSample]) -> list[str]:
    """Headers that are empty where the first one is: a document's head is filled on its first line only."""
    names = list(samples)
    rows = max((max(sample.rows, default=-1) for sample in samples.values()), default=-1) + 1
    first = samples[names[0]].rows
    if not first or 0 not in first or len(first) == rows:
        return []
    candidates = [name for name in names if samples[name].rows and samples[name].rows <= first]
    return candidates if len(candidates) > 2 and all(samples[name].rows == first for name in candidates[:3]) else []


def _merged_column(draft: ContractDraft) -> list[str]:
    """The first column of a sheet of periods where it is filled for the first row of each group only."""
    first = draft.frame.columns[0]
    rows = ColumnSample.of(draft.frame[first]).rows
    is_filled = draft.wide and first not in draft.wide.headers and 0 in rows
    return [first] if is_filled and len(rows) < min(draft.frame.height, SAMPLE_CELLS) else []


def _key(item: CanonicalObject, headers: dict[str, list[str]], samples: dict[str, ColumnSample]) -> list[str]:
    """The key column; otherwise the columns that identify a row in combination."""
    if item.key_column in headers and samples[headers[item.key_column][0]].distinct_share > FEW_REPEATED:
        return [item.key_column]
    if "line_number" in headers:
        own = sorted(DOCUMENTS, key=lambda name: not (name in item.columns and item.columns[name].required))
        document = next((name for name in own if name in headers), None)  # an invoice's line may name its order too
        return [document, "line_number"] if document else []
    parts = [item.key_column, *(name for name, column in item.columns.items() if column.required)]
    parts += [name for name in KEY_PARTS if name in item.columns]
    parts = [name for name in parts if item.columns[name].type not in ("decimal", "number", "share")]
    chosen = [name for name in dict.fromkeys(parts) if name in headers and samples[headers[name][0]].rows]
    return chosen if len(chosen) > 1 or item.key_column in chosen else []


def _source(headers: list[str], options: dict[str, object]) -> str:
    """The header alone, or with the options that its values require."""
    if len(headers) == 1 and not options:
        return quoted(headers[0])
    name, value = (
        ("from", quoted(headers[0])) if len(headers) == 1 else ("join", f"[{', '.join(map(quoted, headers))}]")
    )
    parts = [
        f"{name}: {value}",
        *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in options.items()),
    ]
    return f"{{{', '.join(parts)}}}"


def _plain(pattern: str) -> str:
    """A pattern as a YAML scalar without backslash escapes."""
    return "'" + pattern.replace("'", "''") + "'"


def quoted(text: str) -> str:
    """Text as a YAML scalar."""
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=1000).strip()
