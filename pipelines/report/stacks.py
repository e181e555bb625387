"""Bars of parts that add up: what an amount is made of, month by month, beside its target."""

from collections.abc import Sequence

import numpy as np

from forecasts.output.marks import BLUE, box, drawing, scale, text
from pipelines.report.served import Row
from pipelines.report.words import Words

WIDTH, LEFT, RIGHT, STEP, KEY, TEXT = 760, 90, 80, 24, 26, 52
PARTS = {"booked": "#1b3a5c", "existing": BLUE, "new": "#a6bbd3"}
TARGET = "#b45309"


def composition(rows: Sequence[Row], words: Words) -> str:
    """One bar per month of what is booked, what open deals bring and what deals to come bring; a mark is the target.

    rows: period_start, booked, existing, new, mean (their sum), target (or null).
    """
    ends = np.array([0.0, *(float(row[name] or 0) for row in rows for name in ("mean", "target"))])
    across = scale(ends, LEFT, WIDTH - RIGHT)
    marks = _key(words, any(row["target"] is not None for row in rows))
    for number, row in enumerate(rows):
        marks += _bar(row, KEY + STEP * number, across, words)
    return drawing(marks, WIDTH, KEY + STEP * len(rows) + 6, words.say("ui.chart"))


def _bar(row: Row, top: float, across: object, words: Words) -> list[str]:
    def at(value: float) -> float:
        return float(across(np.array([value]))[0])  # type: ignore[operator]

    marks, begin = [text(LEFT - 8, top + 15, words.month(row["period_start"]), "end")], 0.0
    for name, colour in PARTS.items():
        end = begin + float(row[name] or 0)
        if end > begin:
            marks.append(box(at(begin), top + 3, at(end) - at(begin), STEP - 8, colour))
        begin = end
    reach = at(begin)
    if row["target"] is not None:
        goal = at(float(row["target"]))
        marks.append(box(goal - 1.5, top, 3, STEP - 2, TARGET))
        if reach - 2 < goal < reach + TEXT:  # else the amount would stand on the mark, or seem to be the target's
            reach = goal
    return [*marks, text(reach + 6, top + 15, words.compact(row["mean"]))]


def _key(words: Words, has_target: bool) -> list[str]:
    marks, x = [], float(LEFT)
    for name, colour in {**PARTS, **({"target": TARGET} if has_target else {})}.items():
        label = words.say(f"columns.{name}")
        marks += [box(x, 5, 14, 12, colour), text(x + 20, 15, label)]
        x += 40 + (13 if not label.isascii() else 7) * len(label)
    return marks
