"""One chart per series: history, forecast and intervals, as a self-contained HTML page."""

import re
from pathlib import Path
from typing import Any

import polars as pl

from forecasts.files import read_forecasts, read_long
from forecasts.output.svg import svg_chart

MAX_PICTURES = 200  # one file each: more would be slow, and too many to look through


def draw(source: Path, forecasts: Path, folder: Path) -> int:
    """Write `<series>.html` for the first series of a forecast file; returns how many.

    A page shows the chart as SVG and contains its Vega-Lite specification with the numbers, to edit in any Vega editor.
    Opening it fetches nothing.
    """
    history = read_long(source)
    future = read_forecasts(forecasts)
    ids = future["unique_id"].unique(maintain_order=True)[:MAX_PICTURES].to_list()
    folder.mkdir(parents=True, exist_ok=True)
    for number, unique_id in enumerate(ids):
        of_series = pl.col("unique_id") == unique_id
        chart = picture(history.filter(of_series), future.filter(of_series), str(unique_id))
        name = re.sub(r"[^\w-]+", "_", str(unique_id))[:80]
        svg = svg_chart(history.filter(of_series), future.filter(of_series), str(unique_id))
        (folder / f"{number:03d}_{name}.html").write_text(_page(svg, chart.to_json(indent=None)), encoding="utf-8")
    return len(ids)


def _page(svg: str, specification: str) -> str:
    escaped = specification.replace("</", "<\\/")  # a series name must not end the script element
    return f'<!doctype html><meta charset="utf-8">{svg}<script type="application/json">{escaped}</script>\n'


def picture(history: pl.DataFrame, future: pl.DataFrame, title: str) -> Any:
    """An Altair chart of one series. history: ds, y. future: ds, yhat and its bounds."""
    import altair as alt

    time = alt.X("ds:T", title=None)
    base = alt.Chart(future).encode(x=time)
    wide = base.mark_area(opacity=0.15).encode(y=alt.Y("lo_95:Q", title=None), y2="hi_95:Q")
    narrow = base.mark_area(opacity=0.3).encode(y="lo_80:Q", y2="hi_80:Q")
    ahead = base.mark_line(strokeDash=[4, 2]).encode(y="yhat:Q")
    past = alt.Chart(history).mark_line(color="black", strokeWidth=1).encode(x=time, y="y:Q")
    return alt.layer(wide, narrow, ahead, past).properties(title=title, width=480, height=160)
