"""Tables of member by month whose cells are shaded by what stands in them."""

from collections.abc import Callable, Sequence
from html import escape

from pipelines.report.charts import spark
from pipelines.report.served import Row
from pipelines.report.words import Words

Cell = Callable[[float, float], str]  # a value and its member's largest one to the colour behind it
DARKEST = 0.45  # dark words must stay readable on it


def heat(rows: Sequence[Row], words: Words) -> str:
    """Amounts, each month's cell the darker the larger its share of the member's largest month.

    rows: member, period_start, amount; a month without a row is empty.
    """
    return _table(rows, words, "ui.heat", "compact", _by_largest)


def heat_of_shares(rows: Sequence[Row], words: Words) -> str:
    """The same of shares of 1, the redder the more is missing; the bottom of the scale is 80 %."""
    return _table(rows, words, "ui.heat_of_shares", "share", _by_missing)


def heat_of_load(rows: Sequence[Row], words: Words) -> str:
    """The same of loads: blue up to a full load of 1, red above it, the redder the further (to twice of it)."""
    return _table(rows, words, "ui.heat_of_load", "share", _by_load)


def _by_largest(value: float, largest: float) -> str:
    return _blue(value / (largest or 1.0))


def _by_missing(value: float, largest: float) -> str:
    del largest
    return _red((1 - value) / 0.2)


def _by_load(value: float, largest: float) -> str:
    del largest
    return _blue(value / 2) if value <= 1 else _red(0.3 + 0.7 * (value - 1))


def _blue(strength: float) -> str:
    return f"rgba(31,95,168,{min(max(strength, 0.0), 1.0) * DARKEST:.2f})"


def _red(strength: float) -> str:
    return f"rgba(184,50,50,{min(max(strength, 0.0), 1.0) * DARKEST:.2f})"


def _table(rows: Sequence[Row], words: Words, caption: str, form: str, colour: Cell) -> str:
    months = sorted({row["period_start"] for row in rows})
    values = {(row["member"], row["period_start"]): row["amount"] for row in rows}
    heads = "".join(f'<th scope="col">{escape(words.short_month(month))}</th>' for month in months)
    body = "".join(
        _line(str(member), [_number(values.get((member, month))) for month in months], words, form, colour)
        for member in dict.fromkeys(row["member"] for row in rows)
    )
    trend = escape(words.say("ui.trend"))
    table = f'<thead><tr><td></td>{heads}<th scope="col">{trend}</th></tr></thead><tbody>{body}</tbody>'
    return f'<table class="heat"><caption>{escape(words.say(caption))}</caption>{table}</table>'


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _line(member: str, values: Sequence[float | None], words: Words, form: str, colour: Cell) -> str:
    largest = max((value for value in values if value is not None), default=0.0)
    cells = "".join(_cell(value, largest, words, form, colour) for value in values)
    return f'<tr><th scope="row">{escape(member)}</th>{cells}<td>{spark(values, words.say("ui.trend"))}</td></tr>'


def _cell(value: float | None, largest: float, words: Words, form: str, colour: Cell) -> str:
    if value is None:
        return "<td></td>"
    return f'<td style="background:{colour(value, largest)}">{escape(words.shown(value, form))}</td>'
