"""Wide tables, with a column per month, quarter, week, year or stage: detected by headers, proposed as `unpivot`.

Such a table is interpreted as the long one that it becomes: one row per record and period, with its measures.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.contracts import CanonicalObject, canonical_objects
from pipelines.ingest.casting.months import month_number
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import aliases, entity_words, exact_similarities, plain

MIN_PERIODS = 3  # two months are more likely two separate columns
MIN_STAGES = 2  # columns of dates named after stages: one is a date of its own
YEAR = r"(?:19|20)\d\d"
NAMES = {"month": "Month", "quarter": "Quarter", "week": "Week", "year": "Year"}
MEASURE = "Value"
UNSURE = 0.5  # score of what was only left over: shown as a question
TOTAL = re.compile(r"(?i).*(合计|总计|小计|total|sum|summe|gesamt|ytd|全年|年度目标|full year).*")


@dataclass(frozen=True)
class WideTable:
    """A table with one column per period: pattern and formats of a period, and the measures that each period has."""

    period_pattern: str
    period: str
    formats: tuple[str, ...]
    lacks_year: bool
    headers: dict[str, tuple[str, str]]  # header to (period as written, measure)
    year: dict[str, str] = field(default_factory=dict)  # where the file states the year: title, filename or column

    @property
    def name(self) -> str:
        """The header of the period after unpivoting."""
        return NAMES[self.period]

    @property
    def pattern(self) -> str:
        """The pattern that all of the headers match."""
        return _pattern(self.period_pattern, self.headers)

    @property
    def measures(self) -> list[str]:
        """The headers of the values after unpivoting."""
        return list(dict.fromkeys(measure for _, measure in self.headers.values()))

    @property
    def months(self) -> list[str]:
        """The periods as written, in the file's order."""
        return list(dict.fromkeys(period for period, _ in self.headers.values()))

    @property
    def next_year(self) -> list[str]:
        """The months without a year that stand behind December: a fiscal year runs into the next calendar year."""
        numbers = [month_number(month) for month in self.months] if self.lacks_year and self.period == "month" else []
        if not numbers or None in numbers or numbers == sorted(numbers, key=lambda number: number or 0):
            return []
        return [month for month, number in zip(self.months, numbers, strict=True) if (number or 0) < (numbers[0] or 0)]

    @property
    def totals(self) -> re.Pattern[str]:
        """Pattern of headers that only sum the periods."""
        return TOTAL

    def of(self, measures: set[str]) -> set[str]:
        """The headers of these measures."""
        return {header for header, (_, measure) in self.headers.items() if measure in measures}

    def without(self, measure: str) -> "WideTable":
        """This table without the columns of one measure."""
        dropped = self.of({measure})
        return replace(self, headers={header: read for header, read in self.headers.items() if header not in dropped})

    def long(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The unpivoted table, its periods as text."""
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


def find_wide(frame: pl.DataFrame, titles: list[str], stem: str) -> WideTable | None:
    """The wide table by the kind of period of most headers: at least three, with numbers as cells; otherwise None."""
    best: WideTable | None = None
    for entry in patterns()["periods"]:
        matches = {header: read for header in frame.columns if (read := _read(header, entry["pattern"]))}
        if len({text for text, _ in matches.values()}) < MIN_PERIODS or (best and len(matches) <= len(best.headers)):
            continue
        measures = Counter(measure for _, measure in matches.values())
        kept = {header: read for header, read in matches.items() if measures[read[1]] > 1}
        if kept and _are_numbers(frame.select(list(kept))):
            best = _wide(entry, kept)
    if best is None or not best.lacks_year:
        return best
    return replace(best, year=_year(frame, best, titles, stem))


def find_stage_dates(frame: pl.DataFrame) -> tuple[str, list[str]] | None:
    """Pattern and headers of the columns with the date on which a deal entered a stage; None for fewer than two."""
    for pattern in patterns()["stage_dates"]:
        headers = [header for header in frame.columns if compiled(pattern).fullmatch(header)]
        if len(headers) >= MIN_STAGES and all(ColumnSample.of(frame[header]).date_share > 0.5 for header in headers):
            return pattern, headers
    return None


def value_columns(item: CanonicalObject) -> list[str]:
    """The columns of an object that can take a value per period, the required number first."""
    numbers = [name for name, column in item.columns.items() if column.type in ("decimal", "number", "integer")]
    return sorted(numbers, key=lambda name: not item.columns[name].required)


def measure_columns(item: CanonicalObject, wide: WideTable, text: str) -> dict[str, tuple[str, float]]:
    """Each measure's canonical column and confidence: by its own words, the file's words, or the required column.

    Where other measures have a name, columns without one are uncertain and take the column that is left.
    """
    words_by_column = {name: words for name, words in aliases(item.name).items() if name in value_columns(item)}
    chosen: dict[str, tuple[str, float]] = {}
    by_name = {
        measure: exact_similarities(measure, words_by_column, entity_words()[item.name]) for measure in wide.measures
    }
    for measure, similarities in sorted(by_name.items(), key=lambda entry: (entry[0] == MEASURE, not entry[1])):
        is_rest = measure == MEASURE and len(by_name) > 1
        mentioned = [
            name
            for name, words in words_by_column.items()
            if any(len(word) > 1 and word in plain(text) for word in words)
        ]
        mentioned_required = [name for name, column in item.columns.items() if name in mentioned and column.required]
        required = [name for name in value_columns(item) if item.columns[name].required]
        choices = (
            dict.fromkeys(value_columns(item), 0.5) | dict.fromkeys(mentioned, 0.75) | dict.fromkeys(required, 0.9)
        )
        choices |= dict.fromkeys(mentioned_required, 0.9) | similarities
        free = {
            name: confidence
            for name, confidence in choices.items()
            if name not in {name for name, _ in chosen.values()}
        }
        if free and (similarities or is_rest or len(by_name) == 1):
            best = max(free, key=lambda name: free[name])
            chosen[measure] = best, min(free[best], UNSURE) if is_rest else free[best]
    return chosen


def periodic_objects() -> list[str]:
    """The canonical objects of which a row is a period's."""
    return [
        name for name, item in canonical_objects().items() if "period_start" in item.columns and value_columns(item)
    ]


def _read(header: str, pattern: str) -> tuple[str, str] | None:
    """(period, measure) of a header: `2025-01`, `2025-01 Plan`, `计划 1月`."""
    for number, form in enumerate(
        (pattern, rf"({pattern})[ _/-]+(\D+)", rf"(\D+?)[ _/-]+({pattern})", rf"({pattern})(\D+)")
    ):
        if match := compiled(form).fullmatch(header.strip()):
            if number == 0:
                return header.strip(), MEASURE
            first, second = match.group(1).strip(), match.groups()[-1].strip()
            return (second, first) if number == 2 else (first, second)
    return None


def _are_numbers(cells: pl.DataFrame) -> bool:
    texts = [text for name in cells.columns for text in ColumnSample.of(cells[name]).texts]
    return not texts or ColumnSample(tuple(texts)).number_share > 0.6


def _wide(entry: dict[str, object], headers: dict[str, tuple[str, str]]) -> WideTable:
    formats = entry["formats"] if isinstance(entry["formats"], list) else []
    period_pattern = str(entry["pattern"])
    form = compiled(_pattern(period_pattern, headers))
    fitting = {header: read for header, read in headers.items() if form.fullmatch(header.strip())}
    return WideTable(period_pattern, str(entry["period"]), tuple(formats), bool(entry.get("lacks_year")), fitting)


def _pattern(period: str, headers: dict[str, tuple[str, str]]) -> str:
    """One pattern for headers with and without a measure, before or after the period as in most of them."""
    named = {header: read for header, read in headers.items() if read[1] != MEASURE}
    if not named:
        return period
    period_first = {header: read for header, read in named.items() if header.strip().startswith(read[0])}
    is_period_first = 2 * len(period_first) >= len(named)
    chosen = (
        period_first
        if is_period_first
        else {header: read for header, read in named.items() if header not in period_first}
    )
    words = "|".join(map(re.escape, dict.fromkeys(measure for _, measure in chosen.values())))
    gaps = dict.fromkeys(_between(header.strip(), *read) for header, read in chosen.items())
    between = next(iter(gaps)) if len(gaps) == 1 else f"(?:{'|'.join(gaps)})"
    if len(named) == len(headers):
        return (
            rf"({period}){between}({words})" if is_period_first else rf"(?P<value>{words}){between}(?P<name>{period})"
        )
    if is_period_first:
        return rf"({period})(?:{between}({words}))?"
    return rf"(?:(?P<value>{words}){between})?(?P<name>{period})"


def _between(header: str, text: str, measure: str) -> str:
    return re.escape(header.replace(text, "", 1).replace(measure, "", 1)).replace("\\ ", " ")


def _year(frame: pl.DataFrame, wide: WideTable, titles: list[str], stem: str) -> dict[str, str]:
    """Where the year is stated: a title, a column or the file's name; empty where it is not."""
    if any(re.search(YEAR, title) for title in titles):
        return {"title": f"({YEAR})"}
    for header in frame.columns:
        sample = ColumnSample.of(frame[header])
        if header not in wide.headers and sample.texts and sample.share(re.compile(rf"{YEAR}年?").fullmatch) > 0.9:
            return {"column": header}
    return {"filename": f"({YEAR})"} if re.search(YEAR, stem) else {}
