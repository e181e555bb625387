"""Sheets with a column per month, quarter, week, year or stage: found by their headers, proposed as `unpivot`.

Such a table is understood as the long one that it becomes: one row per record and period, the measures beside it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from pipelines.contracts import CanonicalObject, canonical_objects
from pipelines.ingest.headers import aliases, entity_words, exact_likenesses, plain
from pipelines.ingest.looks import Looks
from pipelines.ingest.shapes import compiled, shapes

FEWEST = 3  # two columns with a month each are rather two columns
FEWEST_ENTERED = 2
YEAR = r"(?:19|20)\d\d"
NAMES = {"month": "Month", "quarter": "Quarter", "week": "Week", "year": "Year"}
MEASURE = "Value"
TOTAL = re.compile(r"(?i).*(合计|总计|小计|total|sum|summe|gesamt|ytd|全年|年度目标|full year).*")


@dataclass(frozen=True)
class Wide:
    """Columns of one kind: what their headers match, how these are read, and the measures each period has."""

    pattern: str
    period: str
    formats: tuple[str, ...]
    lacks_year: bool
    headers: dict[str, tuple[str, str]]  # header to (period as written, measure)
    year: dict[str, str] = field(default_factory=dict)  # what the file says of the year: title, filename or column

    @property
    def name(self) -> str:
        """The header under which the period will stand."""
        return NAMES[self.period]

    @property
    def measures(self) -> list[str]:
        """The headers under which the values will stand."""
        return list(dict.fromkeys(measure for _, measure in self.headers.values()))

    @property
    def totals(self) -> re.Pattern[str]:
        """Headers beside the periods that only add them up."""
        return TOTAL

    def long(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The table that the sheet becomes, its periods as they are written."""
        kept = [name for name in frame.columns if name not in self.headers]
        parts = []
        for written in dict.fromkeys(text for text, _ in self.headers.values()):
            cells = {measure: header for header, (text, measure) in self.headers.items() if text == written}
            values = [
                (pl.col(cells[name]) if name in cells else pl.lit(None, pl.String)).alias(name)
                for name in self.measures
            ]
            parts.append(frame.select(*kept, pl.lit(written).alias(self.name), *values))
        return pl.concat(parts).filter(pl.any_horizontal(pl.col(self.measures).fill_null("").str.strip_chars() != ""))


def find_wide(frame: pl.DataFrame, titles: list[str], stem: str) -> Wide | None:
    """The kind of period that most headers are, where at least three are and their cells can be numbers."""
    best: Wide | None = None
    for entry in shapes()["periods"]:
        found = {header: read for header in frame.columns if (read := _read(header, entry["pattern"]))}
        if len({text for text, _ in found.values()}) < FEWEST or (best and len(found) <= len(best.headers)):
            continue
        measures = Counter(measure for _, measure in found.values())
        kept = {header: read for header, read in found.items() if measures[read[1]] > 1}
        if kept and _are_numbers(frame.select(list(kept))):
            best = _wide(entry, kept)
    if best is None or not best.lacks_year:
        return best
    return Wide(best.pattern, best.period, best.formats, True, best.headers, _year(frame, best, titles, stem))


def find_entered(frame: pl.DataFrame) -> tuple[str, list[str]] | None:
    """Pattern and headers of the columns that say when a deal entered a stage; none where there are fewer than two."""
    for pattern in shapes()["entered"]:
        headers = [header for header in frame.columns if compiled(pattern).fullmatch(header)]
        if len(headers) >= FEWEST_ENTERED and all(Looks.of(frame[header]).dates > 0.5 for header in headers):
            return pattern, headers
    return None


def measured(item: CanonicalObject) -> list[str]:
    """The columns of an object that a value per period can be: the required number first."""
    numbers = [name for name, column in item.columns.items() if column.type in ("decimal", "number", "integer")]
    return sorted(numbers, key=lambda name: not item.columns[name].required)


def measure_columns(item: CanonicalObject, wide: Wide, said: str) -> dict[str, tuple[str, float]]:
    """Each measure's canonical column and how sure it is: by its words, by the file's, else what the object needs."""
    known = {name: words for name, words in aliases(item.name).items() if name in measured(item)}
    found: dict[str, tuple[str, float]] = {}
    for measure in wide.measures:
        likes = exact_likenesses(measure, known, entity_words()[item.name])
        told = [name for name, words in known.items() if any(len(word) > 1 and word in plain(said) for word in words)]
        named = [name for name, column in item.columns.items() if name in told and column.required]
        needed = [name for name in measured(item) if item.columns[name].required]
        choices = dict.fromkeys(measured(item), 0.5) | dict.fromkeys(told, 0.75) | dict.fromkeys(needed, 0.9)
        choices |= dict.fromkeys(named, 0.9) | likes
        free = {name: sure for name, sure in choices.items() if name not in {name for name, _ in found.values()}}
        if free and (likes or len(wide.measures) == 1):
            best = max(free, key=lambda name: free[name])
            found[measure] = best, free[best]
    return found


def periodic_objects() -> list[str]:
    """The canonical objects of which a row is a period's."""
    return [name for name, item in canonical_objects().items() if "period_start" in item.columns and measured(item)]


def _read(header: str, pattern: str) -> tuple[str, str] | None:
    """(period, measure) of a header: `2025-01`, `2025-01 Plan`, `计划 1月`."""
    for place, form in enumerate(
        (pattern, rf"({pattern})[ _/-]+(\D+)", rf"(\D+?)[ _/-]+({pattern})", rf"({pattern})(\D+)")
    ):
        if match := compiled(form).fullmatch(header.strip()):
            if place == 0:
                return header.strip(), MEASURE
            one, other = match.group(1).strip(), match.groups()[-1].strip()
            return (other, one) if place == 2 else (one, other)
    return None


def _are_numbers(cells: pl.DataFrame) -> bool:
    texts = [text for name in cells.columns for text in Looks.of(cells[name]).texts]
    return not texts or Looks(tuple(texts)).numbers > 0.6


def _wide(entry: dict[str, object], headers: dict[str, tuple[str, str]]) -> Wide:
    formats = entry["formats"] if isinstance(entry["formats"], list) else []
    return Wide(
        _pattern(str(entry["pattern"]), headers),
        str(entry["period"]),
        tuple(formats),
        bool(entry.get("lacks_year")),
        headers,
    )


def _pattern(period: str, headers: dict[str, tuple[str, str]]) -> str:
    measures = list(dict.fromkeys(measure for _, measure in headers.values()))
    if measures == [MEASURE]:
        return period
    header, (text, measure) = next((key, read) for key, read in headers.items() if read[1] != MEASURE)
    words = "|".join(map(re.escape, measures))
    between = re.escape(header.replace(text, "", 1).replace(measure, "", 1)).replace("\\ ", " ")
    if header.startswith(text):
        return rf"({period}){between}({words})"
    return rf"(?P<value>{words}){between}(?P<name>{period})"


def _year(frame: pl.DataFrame, wide: Wide, titles: list[str], stem: str) -> dict[str, str]:
    """Where the year stands: in a title, in a column of the sheet, in the file's name; nothing where nobody says it."""
    if any(re.search(YEAR, title) for title in titles):
        return {"title": f"({YEAR})"}
    for header in frame.columns:
        looks = Looks.of(frame[header])
        if header not in wide.headers and looks.texts and looks.share(re.compile(rf"{YEAR}年?").fullmatch) > 0.9:
            return {"column": header}
    return {"filename": f"({YEAR})"} if re.search(YEAR, stem) else {}
