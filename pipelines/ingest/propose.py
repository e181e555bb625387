"""A contract proposed from one export: which object it is, which canonical column each header feeds, and how surely.

Evidence is the header (aliases in English and Chinese, and every shipped contract) and the values: a header that
promises a date but holds none is not taken. What is not sure is written as a comment, never guessed in silence.
"""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from pipelines.contracts import CanonicalObject, canonical_objects, load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest.preview import read_table
from pipelines.ingest.shape import folded
from pipelines.settings import SHIPPED_SOURCES, Settings

ALIASES = Path(__file__).with_name("header_aliases.yml")
SAMPLE_ROWS = 2000
SURE, PLAUSIBLE = 0.9, 0.6
_DATE = re.compile(
    r"^\d{4}[-/.年]\d{1,2}|^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|^\d{8}$|^\d{10}(\d{3})?$|^\d{1,2}[- ][A-Za-z]{3}"
)
_NUMBER = re.compile(r"^[-+(]?\s*[$￥¥€£]?\s*[\d.,' ]*\d[\d.,]*\s*[万亿%]?\)?-?$")


@dataclass(frozen=True)
class Guess:
    """One header's proposed column and how sure it is, 0 to 1."""

    header: str
    column: str
    confidence: float


def propose(settings: Settings, path: Path, system: str, wanted: str | None) -> str:
    """The contract as YAML text with the confidence of every line. Raises AlmanacError for a file that is no table."""
    frame, found = read_table(path)
    if not frame.height:
        raise AlmanacError(f"{path}: has no rows to learn from")
    frame = frame.head(SAMPLE_ROWS)
    if wanted and wanted not in canonical_objects():
        raise AlmanacError(f"{wanted!r} is not canonical; known: {', '.join(canonical_objects())}")
    name, guesses = best_object(frame, wanted)
    system = system or re.sub(r"\W+", "_", re.sub(r"[\d_-]+.*$", "", path.stem.lower())).strip("_") or "new_system"
    return _written(path, system, name, guesses, frame, found)


def best_object(frame: pl.DataFrame, wanted: str | None = None) -> tuple[str, list[Guess]]:
    """The canonical object most of whose headers fit, and the guess per header that fits at all."""
    objects = {wanted: canonical_objects()[wanted]} if wanted else canonical_objects()
    scored = {name: guess_columns(frame, item) for name, item in objects.items()}

    def weight(name: str) -> float:
        item, guesses = objects[name], scored[name]
        taken = {guess.column for guess in guesses}
        required = [column for column, canonical in item.columns.items() if canonical.required]
        lacking = sum(column not in taken for column in required)
        return sum(guess.confidence**2 for guess in guesses) - lacking + (item.key_column in taken)

    best = max(scored, key=weight)
    return best, scored[best]


def guess_columns(frame: pl.DataFrame, item: CanonicalObject) -> list[Guess]:
    """At most one header per canonical column, the surest first; in the order of the file."""
    candidates = [
        Guess(header, column, confidence)
        for header in frame.columns
        for column in item.columns
        if (confidence := _confidence(header, frame[header], item, column)) >= PLAUSIBLE
    ]
    taken: dict[str, Guess] = {}
    columns: set[str] = set()
    for guess in sorted(candidates, key=lambda guess: -guess.confidence):
        if guess.header not in taken and guess.column not in columns:
            taken[guess.header] = guess
            columns.add(guess.column)
    return [taken[header] for header in frame.columns if header in taken]


def _confidence(header: str, values: pl.Series, item: CanonicalObject, column: str) -> float:
    plain = _bare(header)
    words = aliases(item.name).get(column, frozenset())
    likeness = (
        1.0
        if plain in words
        else max((difflib.SequenceMatcher(None, plain, word).ratio() for word in words), default=0) * 0.8
    )
    return likeness * _fits(values, item.columns[column].type)


def _bare(header: str) -> str:
    """`Deal - Amount (CNY)` and `amount` are the same header."""
    text = folded(header).removesuffix("__c").removesuffix("__r")
    text = re.sub(r"^(deal|organization|person|contact|lead|account|opportunity) - ", "", text)
    return re.sub(r"[\s_:：.-]+", " ", re.sub(r"[(（\[].*?[)）\]]", "", text)).strip()


def _fits(values: pl.Series, kind: str) -> float:
    """How far the values can be of the type: 1 for text, otherwise the share that looks like it."""
    texts = [text for text in values.drop_nulls().str.strip_chars().to_list()[:200] if text]
    if kind in ("text", "boolean") or not texts:
        return 1.0
    pattern = _DATE if kind in ("date", "timestamp") else _NUMBER
    return sum(bool(pattern.match(text)) for text in texts) / len(texts)


@cache
def aliases(name: str) -> dict[str, frozenset[str]]:
    """Canonical column to the bare headers it is known under: its own name, the alias file, every shipped contract."""
    known = {column: {_bare(column)} for column in canonical_objects()[name].columns}
    listed = yaml.safe_load(ALIASES.read_text(encoding="utf-8"))
    for scope in ("*", name):
        for column, words in (listed.get(scope) or {}).items():
            if column in known:
                known[column] |= {_bare(str(word)) for word in words}
    for system in load_contracts(SHIPPED_SOURCES).values():
        for contract in system.objects:
            if contract.object == name:
                for column, declared in contract.columns.items():
                    known[column] |= {_bare(header) for header in declared.source}
    return {column: frozenset(words) for column, words in known.items()}


def _written(
    path: Path, system: str, name: str, guesses: list[Guess], frame: pl.DataFrame, found: dict[str, object]
) -> str:
    item = canonical_objects()[name]
    columns = {guess.column: guess for guess in guesses}
    rest = [header for header in frame.columns if header not in {guess.header for guess in guesses}]
    key = item.key_column if item.key_column in columns else "none"
    dated = re.search(r"\d{4}-\d{2}-\d{2}|\d{8}", path.stem)
    form = "%Y%m%d" if dated and len(dated.group()) == 8 else "%Y-%m-%d"
    digits = r"(\d{8})" if form == "%Y%m%d" else r"(\d{4}-\d{2}-\d{2})"
    stem = path.stem.replace(dated.group(), "*") if dated else path.stem
    lines = [
        f"# Proposed from {path.name}: {frame.height} rows looked at, {found['encoding']}, {len(guesses)} of "
        f"{frame.width} columns mapped. Check every line, then `almanac sources check`.",
        f"system: {system}",
        f"title: {system.replace('_', ' ').title()}",
        "objects:",
        f"  - object: {name}",
        f"    files: {_quoted(f'**/{stem}{path.suffix}')}",
        f"    exported_at: {{filename: '{digits}', format: \"{form}\"}}"
        if dated
        else "    exported_at: {sidecar: true}  # the name holds no date",
        "    extract: full  # or incremental, window(<date column>)",
        f"    key: {f'[{key}]' if key != 'none' else 'none  # no header looks like an id'}",
        "    columns:",
    ]
    for column, guess in columns.items():
        said = "" if guess.confidence >= SURE else f"  # {guess.confidence:.0%} sure"
        lines.append(f"      {column}: {_source(guess, frame[guess.header], item)}{said}")
    lines += [f"    # not mapped, kept in _extra: {', '.join(map(repr, rest))}"] if rest else []
    return "\n".join(lines) + "\n"


def _source(guess: Guess, values: pl.Series, item: CanonicalObject) -> str:
    """The header, with what the values ask for: a unit from the header, a scale or a format from the cells."""
    kind = item.columns[guess.column].type
    options = [f"from: {_quoted(guess.header)}"]
    texts = [text for text in values.drop_nulls().to_list()[:500] if text.strip()]
    if kind == "decimal" and "万" in guess.header:
        options.append("unit: 10000")
    if kind == "share" and any(_above_one(text) for text in texts):
        options.append("scale: percent")
    if kind in ("date", "timestamp") and texts:
        options += _date_format(texts)
    return f"{{{', '.join(options)}}}" if len(options) > 1 else _quoted(guess.header)


def _above_one(text: str) -> bool:
    try:
        return float(text.rstrip("%")) > 1
    except ValueError:
        return False


def _date_format(texts: list[str]) -> list[str]:
    if all(re.fullmatch(r"\d{13}", text) for text in texts):
        return ["formats: [epoch_ms]"]
    if all(re.fullmatch(r"\d{10}", text) for text in texts):
        return ["formats: [epoch_s]"]
    return ["formats: [excel_serial]"] if all(re.fullmatch(r"[2-6]\d{4}(\.\d+)?", text) for text in texts) else []


def _quoted(text: str) -> str:
    """Text as a YAML scalar."""
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=1000).strip()
