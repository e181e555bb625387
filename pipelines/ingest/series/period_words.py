"""Periods in words that no date format reads: 2024M01, 01/2024, 21-Jan; and those that are refused by name.

A spelling is taken for a column where it reads every cell.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date

from pipelines.ingest.casting.months import month_number

Reading = Callable[[re.Match[str]], date | None]
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SHORT = r"'?(?P<short>\d\d)"
_MONTH = r"(?P<month>0?[1-9]|1[0-2])"
_WORD = r"(?P<word>[^\W\d_]{3,10}\.?|(?:十[一二]?|[一二三四五六七八九])月)"
_QUARTER = r"(?:Q|T|K)(?P<quarter>[1-4])"
SPELLINGS = (
    rf"{_YEAR} ?[Mm] ?{_MONTH}",
    rf"[Mm]{_MONTH}[ ./-]{_YEAR}",
    rf"{_MONTH}[/.-]{_YEAR}",
    rf"{_WORD}[ ./,'-]*{_YEAR}",
    rf"{_YEAR}[ ./,-]*{_WORD}",
    rf"{_WORD}[ ./-]?{_SHORT}",
    rf"(?i:{_QUARTER})[ ./'-]*(?:{_YEAR}|{_SHORT})",
)
DAY_OR_YEAR = rf"(?P<short>\d\d)[ ./-]?{_WORD}"
REFUSED = (
    (r"(?i)(?:FY|GJ|FJ|财年) ?'?\d{2,4}.*Q ?[1-4].*|Q ?[1-4].*(?:FY|GJ|FJ).*",
     "quarters of a fiscal year, and the file does not say when it begins: write the first day of each"),
    (r"(?i)(?:FY|GJ|FJ) ?'?\d{2,4}.*(?:P|M|period) ?\d{1,2}|P(?:eriod)? ?\d{1,2} (?:FY|GJ|FJ).*",
     "periods of a fiscal year, and the file does not say when it begins: write the first day of each"),
    (r"(?i)(?:FY)?(?:19|20)\d\d[ -]?(?:H|S|HJ)[ -]?[12]|(?:H|S|HJ)[ -]?[12][ /-](?:19|20)\d\d|(?:1|2)\. ?Halbjahr.*",
     "half-years, which are not forecast: give quarters or months, or sum them to years"),
    (r"(?:19|20)\d\d-?[Ww]00|(?:19|20)\d\d[-/]0{1,2}",
     "not a week or month of the calendar (weeks of ISO 8601 begin at 01): write the first day of each period"),
)  # fmt: skip


def period_days(texts: Sequence[str]) -> dict[str, date] | None:
    """The first day of the period of each distinct text; None where no spelling reads all of them."""
    for spelling in SPELLINGS:
        days = _read_all(texts, re.compile(spelling))
        if days is not None:
            return days
    days = _read_all(texts, re.compile(DAY_OR_YEAR))
    # 21-Jan can be a day without a year: months of following years are one after another, days of one year are not
    return days if days and _follow_each_other(sorted(days.values())) else None


def refused_shape(texts: Sequence[str]) -> str | None:
    """What is wrong with a column of periods that cannot be read, with an example; None for any other column."""
    for pattern, reason in REFUSED:
        matching = [text for text in texts if re.fullmatch(pattern, text)]
        if matching and len(matching) * 2 > len(texts):
            return f"{matching[0]!r} and others are {reason}"
    if len(texts) > 1 and all(re.fullmatch(DAY_OR_YEAR, text) for text in texts):
        return f"{texts[0]!r} can be a day without a year, or a month: write dates as YYYY-MM-DD"
    return None


def no_such_week(text: str) -> str | None:
    """A sentence for a week that its year does not have, as 2021-W53; None for any other text."""
    match = re.fullmatch(r"(?:(?P<year>(?:19|20)\d\d)-?年?第?[Ww]?(?P<week>\d\d?)周?)", text.strip())
    if match is None or not re.search("[Ww周]", text):
        return None
    year, week = int(match["year"]), int(match["week"])
    count = date(year, 12, 28).isocalendar().week  # the 28th is always in the last week (ISO 8601)
    return None if 1 <= week <= count else f"{text!r}: {year} has {count} weeks (ISO 8601), from W01"


def _read_all(texts: Sequence[str], pattern: re.Pattern[str]) -> dict[str, date] | None:
    days = {}
    for text in texts:
        match = pattern.fullmatch(text.strip())
        day = _first_day(match.groupdict()) if match else None
        if day is None:
            return None
        days[text] = day
    return days or None


def _first_day(parts: dict[str, str | None]) -> date | None:
    year = int(parts.get("year") or f"20{parts['short']}")
    if quarter := parts.get("quarter"):
        return date(year, int(quarter) * 3 - 2, 1)
    month = int(parts["month"] or 0) if parts.get("month") else month_number(parts.get("word") or "")
    return date(year, month, 1) if month else None


def _follow_each_other(days: Sequence[date]) -> bool:
    """Whether the months are consecutive but for a few gaps, over more than a year."""
    numbers = sorted({day.year * 12 + day.month for day in days})
    return len(numbers) > 12 and len(numbers) >= 0.8 * (numbers[-1] - numbers[0] + 1)
