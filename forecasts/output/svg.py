"""The chart of one series as SVG text, without a browser, a library or the network."""

from datetime import date

import numpy as np
import polars as pl

from forecasts.output.marks import BLUE, Scale, area, drawing, line, scale, text

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 260, 62, 28, 24


def svg_chart(history: pl.DataFrame, future: pl.DataFrame, title: str) -> str:
    """History (ds, y), forecast and its 80 and 95 % intervals (ds, yhat, lo_80 ...) over time."""
    past = history.drop_nulls("y").sort("ds")
    days = pl.concat([past["ds"].cast(pl.Date), future["ds"].cast(pl.Date)])
    values = pl.concat([frame[name].cast(pl.Float64) for frame, name in _columns(past, future)]).drop_nulls()
    if values.is_empty():
        return drawing([text(LEFT, 18, title)], WIDTH, HEIGHT)
    across, up = scale(_numbers(days), LEFT, WIDTH - 10), scale(values.to_numpy(), HEIGHT - BOTTOM, TOP)
    x, ahead = across(_numbers(past["ds"])), across(_numbers(future["ds"]))
    marks = [text(LEFT, 18, title), *_axes(days, values, across, up)]
    for level, opacity in ((95, 0.15), (80, 0.3)):
        low, high = (up(future[f"{side}_{level}"].cast(pl.Float64).to_numpy()) for side in ("lo", "hi"))
        marks.append(area(ahead, low, high, opacity))
    marks.append(line(x, up(past["y"].cast(pl.Float64).to_numpy()), 'stroke="black"'))
    marks.append(line(ahead, up(future["yhat"].cast(pl.Float64).to_numpy()), f'stroke="{BLUE}" stroke-dasharray="4 2"'))
    return drawing(marks, WIDTH, HEIGHT)


def _columns(past: pl.DataFrame, future: pl.DataFrame) -> list[tuple[pl.DataFrame, str]]:
    return [(past, "y"), *((future, name) for name in ("yhat", "lo_80", "hi_80", "lo_95", "hi_95"))]


def _numbers(days: pl.Series) -> np.ndarray:
    return days.cast(pl.Date).cast(pl.Int32).to_numpy().astype(float)


def _axes(days: pl.Series, values: pl.Series, across: Scale, up: Scale) -> list[str]:
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    figures = [(value, float(up(np.array([value]))[0])) for value in np.linspace(low, high, 4)]
    marks = [text(LEFT - 6, y + 4, f"{value:,.4g}", "end") for value, y in figures]
    marks += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>' for _, y in figures]
    years = range(days.min().year, days.max().year + 2)  # type: ignore[union-attr]
    starts = [(year, float(across(_numbers(pl.Series([date(year, 1, 1)])))[0])) for year in years]
    return marks + [text(x, HEIGHT - 6, str(year), "middle") for year, x in starts if LEFT <= x <= WIDTH - 10]
