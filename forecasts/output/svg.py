"""The chart of one series as SVG text, without a browser, a library or the network."""

from collections.abc import Callable
from datetime import date
from html import escape

import numpy as np
import polars as pl

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 260, 62, 28, 24
BLUE = "#4c78a8"
Scale = Callable[[np.ndarray], np.ndarray]


def svg_chart(history: pl.DataFrame, future: pl.DataFrame, title: str) -> str:
    """History (ds, y), forecast and its 80 and 95 % intervals (ds, yhat, lo_80 ...) over time."""
    past = history.drop_nulls("y").sort("ds")
    days = pl.concat([past["ds"].cast(pl.Date), future["ds"].cast(pl.Date)])
    values = pl.concat([frame[name].cast(pl.Float64) for frame, name in _columns(past, future)]).drop_nulls()
    if values.is_empty():
        return _page([_text(LEFT, 18, title)])
    across, up = _scale(_numbers(days), LEFT, WIDTH - 10), _scale(values.to_numpy(), HEIGHT - BOTTOM, TOP)
    x, ahead = across(_numbers(past["ds"])), across(_numbers(future["ds"]))
    marks = [_text(LEFT, 18, title), *_axes(days, values, across, up)]
    for level, opacity in ((95, 0.15), (80, 0.3)):
        low, high = (up(future[f"{side}_{level}"].cast(pl.Float64).to_numpy()) for side in ("lo", "hi"))
        marks.append(_area(ahead, low, high, opacity))
    marks.append(_line(x, up(past["y"].cast(pl.Float64).to_numpy()), 'stroke="black"'))
    marks.append(
        _line(ahead, up(future["yhat"].cast(pl.Float64).to_numpy()), f'stroke="{BLUE}" stroke-dasharray="4 2"')
    )
    return _page(marks)


def _columns(past: pl.DataFrame, future: pl.DataFrame) -> list[tuple[pl.DataFrame, str]]:
    return [(past, "y"), *((future, name) for name in ("yhat", "lo_80", "hi_80", "lo_95", "hi_95"))]


def _numbers(days: pl.Series) -> np.ndarray:
    return days.cast(pl.Date).cast(pl.Int32).to_numpy().astype(float)


def _scale(figures: np.ndarray, first: float, last: float) -> Scale:
    """A linear scale from values to pixels: the smallest at `first`, the largest at `last`."""
    low, size = float(figures.min()), float(figures.max() - figures.min()) or 1.0
    return lambda values: first + (values - low) / size * (last - first)


def _axes(days: pl.Series, values: pl.Series, across: Scale, up: Scale) -> list[str]:
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    figures = [(value, float(up(np.array([value]))[0])) for value in np.linspace(low, high, 4)]
    marks = [_text(LEFT - 6, y + 4, f"{value:,.4g}", "end") for value, y in figures]
    marks += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>' for _, y in figures]
    years = range(days.min().year, days.max().year + 2)  # type: ignore[union-attr]
    starts = [(year, float(across(_numbers(pl.Series([date(year, 1, 1)])))[0])) for year in years]
    return marks + [_text(x, HEIGHT - 6, str(year), "middle") for year, x in starts if LEFT <= x <= WIDTH - 10]


def _line(x: np.ndarray, y: np.ndarray, style: str) -> str:
    is_known = ~np.isnan(y)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[is_known], y[is_known], strict=True))
    return f'<polyline points="{points}" fill="none" {style}/>'


def _area(x: np.ndarray, low: np.ndarray, high: np.ndarray, opacity: float) -> str:
    is_known = ~np.isnan(low + high)
    outline = [
        *zip(x[is_known], high[is_known], strict=True),
        *zip(x[is_known][::-1], low[is_known][::-1], strict=True),
    ]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
    return f'<polygon points="{points}" fill="{BLUE}" opacity="{opacity}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="{anchor}">{escape(words)}</text>'


def _page(marks: list[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">{"".join(marks)}</svg>'
