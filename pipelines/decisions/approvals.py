"""Approved forecasts: numbers that people wrote beside the model's, as rows of the policy's `approved_forecasts`."""

import re
from datetime import date
from functools import cache

from pipelines.decisions import own_seeds
from pipelines.decisions.refusal import CellRefusedError
from pipelines.home.settings import Settings
from pipelines.report.words import languages, load_words

APPROVED = "approved_forecasts"
_AMOUNT = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")


def amount_of(text: str) -> str:
    """An amount as a spreadsheet gives it or as people type it, in base currency. Raises CellRefusedError."""
    if not text:
        raise CellRefusedError("approved_amount", "is empty, though the row has other answers")
    if not _AMOUNT.fullmatch(text):
        raise CellRefusedError("approved_amount", f"{text!r} is not an amount: write it as 3500000")
    return f"{float(text.replace(',', '')):.2f}"


def subject_of(metric: str, period: date, today: date) -> str:
    """`metric|month`. Raises CellRefusedError for a metric that no catalogue knows, and for a month that is over."""
    if metric.casefold() not in _metrics():
        raise CellRefusedError("metric", f"{metric!r} was changed: answer in a fresh workbook")
    if period.day != 1 or (period.year, period.month) < (today.year, today.month):
        raise CellRefusedError("period_start", f"{period} is no month that is still to end: answer in a fresh workbook")
    return f"{_metrics()[metric.casefold()]}|{period}"


@cache
def _metrics() -> dict[str, str]:
    """The words of all languages for metrics, and their codes, in small letters, to the codes."""
    terms = [load_words(language).catalogue["terms"]["metric"] for language in languages()]
    return {str(word).casefold(): code for words in terms for code, name in words.items() for word in (code, name)}


def approve(settings: Settings, subject: str, amount: str, reason: str, decided_by: str, decided_on: date) -> bool:
    """Add the number; false where it stands already. The rows of earlier days stay, as what was approved then.

    Raises CellRefusedError where another number was approved on a later day.
    """
    metric, month = subject.split("|")
    path, heads, rows = own_seeds.read(settings, APPROVED)
    mine = sorted((r for r in rows if (r["metric"], r["period_start"]) == (metric, month)), key=_day)
    if mine and (float(mine[-1]["amount"]), mine[-1]["decided_by"]) == (float(amount), decided_by):
        return False
    if mine and _day(mine[-1]) > str(decided_on):
        later = mine[-1]
        raise CellRefusedError("decided_on", f"{later['decided_by']} approved {later['amount']} on {_day(later)}")
    same_day = [row for row in mine if _day(row) == str(decided_on)]
    new = {"metric": metric, "period_start": month, "amount": amount, "reason": reason}
    new |= {"decided_by": decided_by, "decided_on": str(decided_on)}
    own_seeds.write(path, heads, [*(row for row in rows if row not in same_day), new])
    return True


def _day(row: dict[str, str]) -> str:
    return row["decided_on"]
