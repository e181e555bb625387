"""The pictures of the pack, drawn ahead as SVG from the rows of a block. Numbers come from the rows alone."""

from collections.abc import Sequence
from datetime import date
from itertools import accumulate

import numpy as np

from forecasts.output.marks import BLUE, area, box, drawing, line, scale, text
from pipelines.report.served import Row
from pipelines.report.words import Words

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 260, 62, 12, 14, 30
Span = tuple[float, float, str]  # begin, end, colour of a bar
GREEN, RED, GREY, AMBER = "#2f855a", "#b83232", "#6b7280", "#b45309"


def over_time(
    rows: Sequence[Row],
    words: Words,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    label: str = "",
    has_key: bool = True,
) -> str:
    """Lines by month, or by day where several rows lie in one: those of `_LINES`, with the 80 and 95 % interval.

    rows: period_start and any of the lines, lo_80, hi_80, lo_95, hi_95, ordered by period_start.
    """
    names = [name for name in (*_LINES, "lo_80", "hi_80", "lo_95", "hi_95") if name in rows[0]]
    series = {name: _figures(rows, name) for name in names}
    bounds = np.array([0.0, *(value for figures in series.values() for value in figures if not np.isnan(value))])
    days = np.array([row["period_start"].toordinal() for row in rows], dtype=float)
    across, up = scale(days, LEFT + 6, width - RIGHT), scale(bounds, height - BOTTOM, TOP)
    x = across(days)
    marks = _levels(bounds, up, width, words) + _months([row["period_start"] for row in rows], x, width, height, words)
    for level, opacity in (("95", 0.15), ("80", 0.3)):
        if f"lo_{level}" in series:
            marks.append(area(x, up(series[f"lo_{level}"]), up(series[f"hi_{level}"]), opacity))
    for name, style in _LINES.items():
        if name in series:
            marks.append(line(x, up(series[name]), style))
    chart = drawing(marks, width, height, label or words.say("ui.chart"))
    return chart + _key(series, words) if has_key else chart


_LINES = {
    "target": f'stroke="{AMBER}" stroke-width="1.5" stroke-dasharray="2 3"',
    "actual": 'stroke="#1b1f24" stroke-width="1.6"',
    "yhat": f'stroke="{BLUE}" stroke-width="2" stroke-dasharray="5 2"',
    "floor_base": f'stroke="{AMBER}" stroke-width="1.5" stroke-dasharray="2 3"',
    "annual_base": 'stroke="#1b1f24" stroke-width="1.6"',
    "annual_ahead_base": f'stroke="{BLUE}" stroke-width="2" stroke-dasharray="5 2"',
}


def waterfall(rows: Sequence[Row], words: Words) -> str:
    """From the first bar to the last by the effects between them.

    rows: label (text), amount; is_total for bars that stand on zero, others start where the one before has ended.
    """
    return _bars(rows, words, [_span(row, begin) for row, begin in zip(rows, _starts(rows), strict=True)])


def _starts(rows: Sequence[Row]) -> list[float]:
    ends = accumulate(rows, lambda end, row: float(row["amount"]) + (0 if row["is_total"] else end), initial=0.0)
    return list(ends)[:-1]


def _span(row: Row, begin: float) -> Span:
    amount = float(row["amount"])
    if row["is_total"]:
        return 0.0, amount, GREY
    return begin, begin + amount, GREEN if amount >= 0 else RED


def bars(rows: Sequence[Row], words: Words, form: str = "compact") -> str:
    """One bar from zero per row. rows: label, amount. form: how amounts are written."""
    return _bars(rows, words, [(0.0, float(row["amount"] or 0), BLUE) for row in rows], form)


def _bars(rows: Sequence[Row], words: Words, spans: Sequence[Span], form: str = "compact") -> str:
    step, left = 24, 190
    height = step * len(rows) + 8
    across = scale(np.array([0.0, *(end for span in spans for end in span[:2])]), left, WIDTH - 80)
    marks = []
    for number, (row, (begin, end, colour)) in enumerate(zip(rows, spans, strict=True)):
        low, high = sorted(float(across(np.array([value]))[0]) for value in (begin, end))
        top = 4 + step * number
        marks += [
            text(left - 8, top + 15, str(row["label"]), "end"),
            box(low, top + 3, max(high - low, 1), step - 8, colour),
            text(high + 6, top + 15, words.shown(row["amount"], form)),
        ]
    return drawing(marks, WIDTH, height, words.say("ui.chart"))


def spark(values: Sequence[float | None], label: str) -> str:
    """A line without axes."""
    y = np.array([np.nan if value is None else float(value) for value in values])
    if np.isnan(y).all():
        return ""
    up = scale(np.append(y[~np.isnan(y)], 0.0), 20, 3)
    return drawing([line(np.linspace(2, 98, len(y)), up(y), f'stroke="{BLUE}" stroke-width="1.5"')], 100, 24, label)


def _figures(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([np.nan if row[name] is None else float(row[name]) for row in rows])


def _levels(bounds: np.ndarray, up: object, width: int, words: Words) -> list[str]:
    marks = []
    for value in _round_levels(float(bounds.min()), float(bounds.max())):
        y = float(up(np.array([value]))[0])  # type: ignore[operator]
        marks.append(f'<path d="M{LEFT} {y:.1f}H{width - RIGHT}" stroke="#ddd"/>')
        marks.append(text(LEFT - 6, y + 4, words.compact(float(value)), "end"))
    return marks


def _round_levels(low: float, high: float) -> np.ndarray:
    """Three to six round figures between two bounds: multiples of 1, 2 or 5 times a power of ten."""
    rough = max(high - low, 1e-9) / 4
    size = 10.0 ** np.floor(np.log10(rough))
    step = size * next(factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    return np.asarray(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step)


def _months(days: Sequence[date], x: np.ndarray, width: int, height: int, words: Words) -> list[str]:
    step = max(1, len(days) * 80 // width)
    are_months = len({(day.year, day.month) for day in days}) == len(days)
    marks = []
    for at, day in list(zip(x, days, strict=True))[::step]:
        name = words.short_month(day) if are_months else f"{day:%m-%d}"
        marks.append(text(float(at), height - 10, name, "end" if at > width - 24 else "middle"))
    return marks


def _key(series: dict[str, np.ndarray], words: Words) -> str:
    shown = [
        name
        for name in ("actual", "annual_base", "yhat", "annual_ahead_base", "target", "floor_base")
        if name in series and not np.isnan(series[name]).all()
    ]
    marks, x = [], float(LEFT)
    for name in shown:
        marks += [line(np.array([x, x + 26]), np.array([9.0, 9.0]), _LINES[name])]
        label = words.say(f"columns.{name}")
        marks.append(text(x + 32, 13, label))
        x += 48 + 13 * len(label) if not label.isascii() else 48 + 7 * len(label)
    if "lo_80" in series:
        bands = words.say("ui.bands" if "lo_95" in series else "ui.band_80")
        marks += [box(x, 3, 26, 12, "#a6bbd3"), text(x + 32, 13, bands)]
    return drawing(marks, WIDTH, 20)


def labelled(rows: Sequence[Row], words: Words, column: str, group: str) -> list[Row]:
    """The rows with the words for a code as `label`."""
    return [{**row, "label": words.term(group, row[column])} for row in rows]


def measured(rows: Sequence[Row], column: str) -> list[Row]:
    """The rows with one of their columns as `amount`."""
    return [{**row, "amount": row[column]} for row in rows]
