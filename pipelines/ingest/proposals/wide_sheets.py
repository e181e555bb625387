"""Sheets with a column per month, quarter, week, year or stage: found by their headers, proposed as `unpivot`.

Such a table is understood as the long one that it becomes: one row per record and period, the measures beside it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.contracts import CanonicalObject, canonical_objects
from pipelines.ingest.proposals.column_values import Looks
from pipelines.ingest.proposals.header_patterns import compiled, shapes
from pipelines.ingest.proposals.headers import aliases, entity_words, exact_likenesses, plain

FEWEST = 3  # two columns with a month each are rather two columns
FEWEST_ENTERED = 2
YEAR = r"(?:19|20)\d\d"
NAMES = {"month": "Month", "quarter": "Quarter", "week": "Week", "year": "Year"}
MEASURE = "Value"
UNSURE = 0.5
TOTAL = re.compile(r"(?i).*(合计|总计|小计|total|sum|summe|gesamt|ytd|全年|年度目标|full year).*")


@dataclass(frozen=True)
class Wide:
    """Columns of one kind: what one period looks like, how it is read, and the measures each period has."""

    one: str
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
    def pattern(self) -> str:
        """What all of the headers match."""
        return _pattern(self.one, self.headers)

    @property
    def measures(self) -> list[str]:
        """The headers under which the values will stand."""
        return list(dict.fromkeys(measure for _, measure in self.headers.values()))

    @property
    def totals(self) -> re.Pattern[str]:
        """Headers beside the periods that only add them up."""
        return TOTAL

    def of(self, measures: set[str]) -> set[str]:
        """The headers of some of the measures."""
        return {header for header, (_, measure) in self.headers.items() if measure in measures}

    def without(self, measure: str) -> "Wide":
        """The same without the columns of one measure."""
        dropped = self.of({measure})
        return replace(self, headers={header: read for header, read in self.headers.items() if header not in dropped})

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
    return replace(best, year=_year(frame, best, titles, stem))


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
    """Each measure's canonical column and how sure it is: by its words, by the file's, else what the object needs.

    Beside measures that have a name, nobody knows what the columns without one are: they take what is left.
    """
    known = {name: words for name, words in aliases(item.name).items() if name in measured(item)}
    found: dict[str, tuple[str, float]] = {}
    by_name = {measure: exact_likenesses(measure, known, entity_words()[item.name]) for measure in wide.measures}
    for measure, likes in sorted(by_name.items(), key=lambda entry: (entry[0] == MEASURE, not entry[1])):
        is_rest = measure == MEASURE and len(by_name) > 1
        told = [name for name, words in known.items() if any(len(word) > 1 and word in plain(said) for word in words)]
        named = [name for name, column in item.columns.items() if name in told and column.required]
        needed = [name for name in measured(item) if item.columns[name].required]
        choices = dict.fromkeys(measured(item), 0.5) | dict.fromkeys(told, 0.75) | dict.fromkeys(needed, 0.9)
        choices |= dict.fromkeys(named, 0.9) | likes
        free = {name: sure for name, sure in choices.items() if name not in {name for name, _ in found.values()}}
        if free and (likes or is_rest or len(by_name) == 1):
            best = max(free, key=lambda name: free[name])
            found[measure] = best, min(free[best], UNSURE) if is_rest else free[best]
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
    one = str(entry["pattern"])
    form = compiled(_pattern(one, headers))
    fitting = {header: read for header, read in headers.items() if form.fullmatch(header.strip())}
    return Wide(one, str(entry["period"]), tuple(formats), bool(entry.get("lacks_year")), fitting)


def _pattern(period: str, headers: dict[str, tuple[str, str]]) -> str:
    """One pattern for headers with and without a measure, which stands before the period or behind it as most do."""
    named = {header: read for header, read in headers.items() if read[1] != MEASURE}
    if not named:
        return period
    behind = {header: read for header, read in named.items() if header.strip().startswith(read[0])}
    is_behind = 2 * len(behind) >= len(named)
    chosen = behind if is_behind else {header: read for header, read in named.items() if header not in behind}
    words = "|".join(map(re.escape, dict.fromkeys(measure for _, measure in chosen.values())))
    gaps = dict.fromkeys(_between(header.strip(), *read) for header, read in chosen.items())
    between = next(iter(gaps)) if len(gaps) == 1 else f"(?:{'|'.join(gaps)})"
    if len(named) == len(headers):
        return rf"({period}){between}({words})" if is_behind else rf"(?P<value>{words}){between}(?P<name>{period})"
    if is_behind:
        return rf"({period})(?:{between}({words}))?"
    return rf"(?:(?P<value>{words}){between})?(?P<name>{period})"


def _between(header: str, text: str, measure: str) -> str:
    return re.escape(header.replace(text, "", 1).replace(measure, "", 1)).replace("\\ ", " ")


def _year(frame: pl.DataFrame, wide: Wide, titles: list[str], stem: str) -> dict[str, str]:
    """Where the year stands: in a title, in a column of the sheet, in the file's name; nothing where nobody says it."""
    if any(re.search(YEAR, title) for title in titles):
        return {"title": f"({YEAR})"}
    for header in frame.columns:
        looks = Looks.of(frame[header])
        if header not in wide.headers and looks.texts and looks.share(re.compile(rf"{YEAR}年?").fullmatch) > 0.9:
            return {"column": header}
    return {"filename": f"({YEAR})"} if re.search(YEAR, stem) else {}
