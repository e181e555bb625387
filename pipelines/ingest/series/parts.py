"""A date whose parts stand in several columns: year and month, week or quarter, and the day where there is one."""

import re
from collections.abc import Callable
from datetime import date

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.ingest.casting.months import month_number
from pipelines.ingest.proposals.column_values import ColumnSample

TIME = "\0time"  # no header begins with it
HEADERS = {
    "year": "year|yr|calendar ?year|jahr|kalenderjahr|année|annee|año|ano|anno|年|年份|年度",
    "month": "month|month ?(no|nr|num|number|name)|mon|monat|mois|mes|mês|mese|月|月份",
    "quarter": "quarter|qtr|quartal|trimestre|季度|季",
    "week": "week|iso ?week|week ?(no|nr|num|number)|wk|kw|woche|kalenderwoche|semaine|semana|周|周次",
    "day": "day|day ?of ?month|tag|jour|día|dia|giorno|日",
}
FISCAL = re.compile(r"(?i)(fiscal|financial|fy|geschäftsjahr|gj|财年|会计).*")
_YEAR = re.compile(r"(?:19|20)\d\d(?:\.0)?年?")
_QUARTER = re.compile(r"(?i)[qtk]?([1-4])|第?([一二三四])季度?")


def date_parts(samples: dict[str, ColumnSample], given: tuple[str, ...] = ()) -> dict[str, str]:
    """Kind of part to its column, by headers and cells: a year and a month, quarter or week; else empty.

    given: the columns to take them from; otherwise all of the file.
    """
    columns = {name: samples[name] for name in given or samples}
    by_kind = {kind: name for kind in HEADERS for name in columns if _is_part(kind, name, columns[name])}
    finer = next((kind for kind in ("month", "week", "quarter") if kind in by_kind), None)
    if "year" not in by_kind or finer is None:
        return {}
    kinds = ("year", finer, "day") if finer == "month" and "day" in by_kind else ("year", finer)
    return {kind: by_kind[kind] for kind in kinds}


def refuse_fiscal(path: str, samples: dict[str, ColumnSample]) -> None:
    """Raise AlmanacError for a fiscal year beside a period: the file does not say when that year begins."""
    year = next(
        (name for name in samples if FISCAL.fullmatch(name.strip()) and samples[name].share(_fiscal_year)), None
    )
    period = next((name for name in samples if re.fullmatch(r"(?i)(fiscal )?(period|month|periode|monat)", name)), None)
    if year and period and samples[year].share(_fiscal_year) > 0.9:
        raise AlmanacError(
            f"{path}: {year} and {period} are of a fiscal year, and the file does not say when it begins: "
            "add a column with the first day of each period and name it with --time"
        )


def with_joined_date(path: str, table: pl.DataFrame, parts: dict[str, str]) -> tuple[pl.DataFrame, str]:
    """The table with the column TIME, days as YYYY-MM-DD, and a note that says what was joined."""
    names = list(parts.values())
    texts = table.select(pl.col(name).fill_null("").str.strip_chars() for name in names)
    days = {row: _day(path, dict(zip(parts, row, strict=True)), names) for row in texts.unique().rows()}
    joined = pl.Series(TIME, [days[row] for row in texts.rows()], dtype=pl.String)
    return table.with_columns(joined), f"{' and '.join(names)} are joined to the date"


def _is_part(kind: str, name: str, sample: ColumnSample) -> bool:
    readers: dict[str, Callable[[str], object]]
    readers = {"year": _YEAR.fullmatch, "month": month_number, "quarter": _QUARTER.fullmatch}
    fits = readers.get(kind, _ordinal)
    return bool(re.fullmatch(rf"(?i){HEADERS[kind]}", name.strip())) and bool(sample.texts) and sample.share(fits) > 0.9


def _ordinal(text: str) -> bool:
    digits = re.sub(r"(?i)^(w|kw|cw|week|第)\s*|周$|\.0$", "", text.strip())
    return digits.isdigit() and 1 <= int(digits) <= 53


def _fiscal_year(text: str) -> bool:
    return bool(re.fullmatch(r"(?i)(FY|GJ)? ?'?(?:19|20)?\d\d(?:/\d\d)?", text))


def _day(path: str, texts: dict[str, str], names: list[str]) -> str | None:
    """The first day of a period; None where every part is empty or a word for a total stands there."""
    year = texts["year"].removesuffix("年").removesuffix(".0")
    if not year.isdigit():
        return texts["year"] or None
    try:
        return _first_day(int(year), texts).isoformat()
    except ValueError as error:
        shown = " and ".join(f"{name} {text!r}" for name, text in zip(names, texts.values(), strict=True))
        raise AlmanacError(f"{path}: {shown} make no date: {error}") from error


def _first_day(year: int, texts: dict[str, str]) -> date:
    if "week" in texts:
        return date.fromisocalendar(year, _number(texts["week"]), 1)
    if "quarter" in texts:
        match = _QUARTER.fullmatch(texts["quarter"])
        if match is None:
            raise ValueError("there are quarters 1 to 4")
        return date(year, 3 * int(match[1] or "一二三四".index(match[2]) + 1) - 2, 1)
    month = month_number(texts["month"].removesuffix(".0"))
    if month is None:
        raise ValueError("there are months 1 to 12")
    return date(year, month, _number(texts.get("day", "1")))


def _number(text: str) -> int:
    return int(re.sub(r"(?i)^(w|kw|cw|week|第)\s*|周$|\.0$", "", text.strip()))
