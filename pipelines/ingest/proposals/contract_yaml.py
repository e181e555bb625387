"""The text of a proposed contract: what was understood as lines, what was not as comments."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from pipelines.contracts import CanonicalColumn, CanonicalObject
from pipelines.ingest.proposals.column_values import SAMPLE, Looks
from pipelines.ingest.proposals.headers import aliases, exact_likenesses
from pipelines.ingest.proposals.mapping import SURE, Evidence, Guess
from pipelines.ingest.proposals.options import column_options, is_continental, words_found
from pipelines.ingest.proposals.wide_sheets import MEASURE, Wide

DATED = (("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}"), ("%Y_%m_%d", r"\d{4}_\d{2}_\d{2}"), ("%Y%m%d", r"\d{8}"))
# What tells the rows of objects apart that have no id of their own.
KEY_PARTS = ("member", "dealer_id", "team", "role", "department", "product_id", "component_id", "version")
DIMENSIONS = {"region": "region", "product_line": "product_line", "team": "team", "owner_name": "rep"}


@dataclass(frozen=True)
class Draft:
    """What was understood of one file."""

    path: Path
    system: str
    item: CanonicalObject
    guesses: list[Guess]
    frame: pl.DataFrame
    reader: dict[str, str]
    titles: list[str]
    evidence: Evidence
    wide: Wide | None
    entered: tuple[str, list[str]] | None
    labelled: str
    labels: list[str]

    @property
    def table(self) -> pl.DataFrame:
        """The rows that the object has: the file's, or the long ones that its columns become."""
        return self.wide.long(self.frame) if self.wide else self.frame

    @property
    def headers(self) -> dict[str, list[str]]:
        """Canonical column to the headers that feed it."""
        found: dict[str, list[str]] = {}
        for guess in self.guesses:
            found.setdefault(guess.column, []).append(guess.header)
        return found


def written(draft: Draft) -> str:
    """The contract of a draft as YAML."""
    looks = {header: Looks.of(draft.table[header]) for header in draft.table.columns}
    numbers = [
        looks[h[0]] for name, h in draft.headers.items() if draft.item.columns[name].type in ("decimal", "number")
    ]
    lines = [f"system: {draft.system}", f"title: {draft.system.replace('_', ' ').title()}"]
    if is_continental(numbers):
        lines.append('number_format: {thousands: ".", decimal: ","}')
    lines += ["objects:", f"  - object: {draft.item.name}", *_file_lines(draft.path)]
    lines += ["    extract: full  # or incremental, window(<date column>)", *_reader_lines(draft), *_wide_lines(draft)]
    lines += _key_lines(draft, looks)
    lines += ["    columns:", *_column_lines(draft, looks), *_rest_lines(draft), *_entered_lines(draft)]
    return "\n".join(lines) + "\n"


def _reader_lines(draft: Draft) -> list[str]:
    looks = {header: Looks.of(draft.frame[header]) for header in draft.frame.columns}
    fill = _merged(draft) if draft.wide else _fill_down(looks)
    told: dict[str, object] = {**draft.reader, **({"fill_down": fill} if fill else {})}
    lines = [f"    reader: {json.dumps(told, ensure_ascii=False)}"] if told else []
    if draft.labels:
        words = ", ".join("'" + label.replace("'", "''") + "'" for label in draft.labels)
        name = draft.labelled.replace('"', '""')
        condition = quoted(f'"{name}" not in ({words})')
        lines.append(f"    where: {condition}  # the fields are named once more below the header")
    return lines


def _wide_lines(draft: Draft) -> list[str]:
    wide = draft.wide
    if wide is None:
        return []
    lines = []
    if wide.lacks_year and "column" not in wide.year:
        stated = "".join(f"{{{place}: {_plain(said)}}}" for place, said in wide.year.items()) or '{const: "?"}'
        remark = "" if wide.year else "  # which year? The file does not say"
        lines.append(f"    stated: {{Year: {stated}}}{remark}")
    value = f", value: {MEASURE}" if MEASURE in wide.measures else ""
    lines.append(f"    unpivot: {{columns: {_plain(wide.pattern)}, name: {wide.name}{value}}}")
    return lines


def _key_lines(draft: Draft, looks: dict[str, Looks]) -> list[str]:
    key = _key(draft.item, draft.headers, looks)
    if not key:
        return ["    key: none  # no columns tell the rows apart"]
    table = draft.table.with_columns(pl.col(header).forward_fill() for header in _merged(draft))
    headers = [header for name in key for header in draft.headers[name]]
    mapped = {guess.header for guess in draft.guesses}
    repeated = table.height - table.select(headers).n_unique()
    for header in (name for name in table.columns if repeated and name not in mapped):
        if (fewer := table.height - table.select(*headers, header).n_unique()) < repeated and draft.wide:
            key, headers, repeated = [*key, quoted(header)], [*headers, header], fewer
    remark = f"  # {repeated} rows repeat a key: which column tells them apart?" if repeated else ""
    return [f"    key: [{', '.join(key)}]{remark}"]


def _column_lines(draft: Draft, looks: dict[str, Looks]) -> list[str]:
    sure = {guess.column: guess.confidence for guess in draft.guesses}
    lines = []
    for column, names in draft.headers.items():
        if draft.wide and column == "period_start":
            lines += _period_lines(draft, draft.wide)
            continue
        canonical = draft.item.columns[column]
        options, hints = column_options(canonical, column, names, [looks[name] for name in names], draft.titles)
        said = [] if sure[column] >= SURE else [f"{sure[column]:.0%} sure"]
        comment = "; ".join([*said, *hints])
        lines.append(f"      {column}: {_source(names, options)}{f'  # {comment}' if comment else ''}")
        lines += [f"      # {line}" for line in words_found(canonical, looks[names[0]], draft.evidence.words)]
    return [*lines, *_level_lines(draft), *_missing_lines(draft)]


def _period_lines(draft: Draft, wide: Wide) -> list[str]:
    formats = f", formats: {json.dumps(list(wide.formats), ensure_ascii=False)}" if wide.formats else ""
    source = f"from: {wide.name}"
    if wide.lacks_year:
        source = f'join: [{quoted(wide.year.get("column", "Year"))}, {wide.name}], separator: "-"'
    lines = [f"      period_start: {{{source}{formats}}}"]
    return [*lines, f"      period: {{const: {wide.period}}}"] if "period" in draft.item.columns else lines


def _level_lines(draft: Draft) -> list[str]:
    """The dimension that `member` is of, where its header is known as one."""
    if "level" not in draft.item.columns or "level" in draft.headers or "member" not in draft.headers:
        return []
    header = draft.headers["member"][0]
    likes = exact_likenesses(header, {name: aliases(name_of)[name] for name, name_of in _HOMES.items()}, frozenset())
    best = max(likes, key=lambda name: likes[name], default=None)
    return [f"      level: {{const: {DIMENSIONS[best]}}}  # {header!r} is one"] if best else []


_STAGE = CanonicalColumn(type="text", about="Stage.", map="stages")
_HOMES = {"region": "accounts", "product_line": "products", "team": "opportunities", "owner_name": "opportunities"}


def _missing_lines(draft: Draft) -> list[str]:
    return [
        f"      # {name}: required and not found: {column.about} Name its header, or say {{const: ...}}"
        for name, column in draft.item.columns.items()
        if column.required and name not in draft.headers and not (name == "level" and _level_lines(draft))
    ]


def _rest_lines(draft: Draft) -> list[str]:
    guessed = {guess.header for guess in draft.guesses}
    done = guessed | set(draft.entered[1] if draft.entered else ())
    if draft.wide:
        done |= draft.wide.of(guessed)
        done |= set(draft.wide.year.values())
    rest = [header for header in draft.frame.columns if header not in done]
    sums = [header for header in rest if draft.wide and draft.wide.totals.fullmatch(header)]
    lines = [f"    ignore: [{', '.join(map(quoted, sums))}]  # the sum of the periods"] if sums else []
    rest = [header for header in rest if header not in sums]
    return [*lines, *([f"    # not mapped, kept in _extra: {', '.join(map(repr, rest))}"] if rest else [])]


def _entered_lines(draft: Draft) -> list[str]:
    """The columns of dates per stage as the history of the same deals."""
    if draft.entered is None or "opportunity_id" not in draft.headers:
        return []
    pattern, headers = draft.entered
    stages = [found.group(1) for header in headers if (found := re.fullmatch(pattern, header, re.IGNORECASE))]
    looks = Looks(tuple(stages), frozenset(range(len(stages))))
    words = words_found(_STAGE, looks, draft.evidence.words)
    key = draft.headers["opportunity_id"]
    options, _ = column_options(
        draft.item.columns["opportunity_id"], "opportunity_id", key, [Looks.of(draft.frame[name]) for name in key]
    )
    return [
        "  - object: opportunity_history  # the dates on which the deals entered their stages",
        "    name: stage_entries",
        *_file_lines(draft.path),
        f"    unpivot: {{columns: {_plain(pattern)}, name: Stage, value: Entered, optional: true}}",
        "    key: [opportunity_id, stage]",
        "    columns:",
        f"      opportunity_id: {_source(key, options)}",
        "      stage: Stage",
        *(f"      # {line}" for line in words),
        "      changed_at: Entered",
    ]


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


def _merged(draft: Draft) -> list[str]:
    """The first column of a sheet of periods where it is filled for the first row of each group only."""
    first = draft.frame.columns[0]
    rows = Looks.of(draft.frame[first]).rows
    is_filled = draft.wide and first not in draft.wide.headers and 0 in rows
    return [first] if is_filled and len(rows) < min(draft.frame.height, SAMPLE) else []


def _key(item: CanonicalObject, headers: dict[str, list[str]], looks: dict[str, Looks]) -> list[str]:
    """The key column; else the columns that together tell the rows apart."""
    if item.key_column in headers and looks[headers[item.key_column][0]].distinct == 1:
        return [item.key_column]
    if "line_number" in headers:
        document = next((name for name in ("order_id", "invoice_id") if name in headers), None)
        return [document, "line_number"] if document else []
    parts = [item.key_column, *(name for name, column in item.columns.items() if column.required)]
    parts += [name for name in KEY_PARTS if name in item.columns]
    parts = [name for name in parts if item.columns[name].type not in ("decimal", "number", "share")]
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


def _plain(pattern: str) -> str:
    """A pattern as a YAML scalar in which a backslash is one."""
    return "'" + pattern.replace("'", "''") + "'"


def quoted(text: str) -> str:
    """Text as a YAML scalar."""
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=1000).strip()
