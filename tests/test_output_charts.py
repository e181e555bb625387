"""Charts are drawn to scale: the smallest value below, the newest day at the right, gaps left out."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts.output import marks, pictures
from forecasts.output.svg import svg_chart

pytestmark = pytest.mark.fast


def test_a_scale_runs_from_the_smallest_to_the_largest_value() -> None:
    up = marks.scale(np.array([10.0, 30.0, 20.0]), 200, 100)
    assert up(np.array([10.0, 30.0, 20.0, 40.0])).tolist() == [200, 100, 150, 50]
    flat = marks.scale(np.array([5.0, 5.0]), 200, 100)
    assert flat(np.array([5.0, 6.0])).tolist() == [200, 100]


def test_marks_are_written_with_one_decimal_and_without_what_is_unknown() -> None:
    x, low, high = np.array([1.0, 2.0, 3.0]), np.array([4.0, np.nan, 6.04]), np.array([7.0, 8.0, 9.0])
    assert marks.line(x, low, 'stroke="red"') == '<polyline points="1.0,4.0 3.0,6.0" fill="none" stroke="red"/>'
    assert marks.area(x, low, high, 0.3) == (
        '<polygon points="1.0,7.0 3.0,9.0 3.0,6.0 1.0,4.0" fill="#4c78a8" opacity="0.3"/>'
    )
    assert marks.box(1, 2, 3, 4, "red") == '<rect x="1.0" y="2.0" width="3.0" height="4.0" fill="red"/>'
    assert marks.text(1, 2, "a < b", "end") == '<text x="1.0" y="2.0" font-size="11" text-anchor="end">a &lt; b</text>'
    assert 'text-anchor="start"' in marks.text(1, 2, "a")


def test_a_drawing_says_what_it_shows_to_who_cannot_see_it() -> None:
    seen = marks.drawing(["<a/>", "<b/>"], 30, 20)
    assert seen == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20" width="30" height="20" font-family="sans-serif">'
        "<a/><b/></svg>"
    )
    assert ' role="img" aria-label="sales &amp; more">' in marks.drawing([], 30, 20, "sales & more")


def frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two years and a day of history from 0 to 100, and a forecast of 50 a year later."""
    past = pl.DataFrame({"ds": [date(2022, 1, 1), date(2024, 1, 1), date(2023, 1, 1)], "y": [0.0, 100.0, None]})
    numbers = {"yhat": 50.0, "lo_80": 40.0, "hi_80": 60.0, "lo_95": 30.0, "hi_95": 70.0}
    future = pl.DataFrame({"ds": [date(2025, 1, 1)]} | {name: [value] for name, value in numbers.items()})
    return past, future


def test_a_chart_lies_between_its_margins() -> None:
    """62 to 630 from left to right, 236 at the bottom to 28 at the top."""
    svg = svg_chart(*frames(), "sales")
    days = (date(2024, 1, 1) - date(2022, 1, 1)).days / (date(2025, 1, 1) - date(2022, 1, 1)).days
    middle = 62 + days * 568
    assert f'<polyline points="62.0,236.0 {middle:.1f},28.0" fill="none" stroke="black"/>' in svg
    assert '<polyline points="630.0,132.0" fill="none" stroke="#4c78a8" stroke-dasharray="4 2"/>' in svg
    assert '<polygon points="630.0,90.4 630.0,173.6" fill="#4c78a8" opacity="0.15"/>' in svg
    assert '<polygon points="630.0,111.2 630.0,152.8" fill="#4c78a8" opacity="0.3"/>' in svg
    assert svg.index('opacity="0.15"') < svg.index('opacity="0.3"') and 'viewBox="0 0 640 260"' in svg


def test_axes_have_four_values_and_every_new_year_inside() -> None:
    svg = svg_chart(*frames(), "sales")
    for value, y in (("0", 236), ("33.33", 166.7), ("66.67", 97.3), ("100", 28)):
        assert marks.text(56, y + 4, value, "end") in svg
        assert f'<path d="M62 {y:.1f}H630" stroke="#ddd"/>' in svg
    assert [year for year in range(2020, 2028) if f">{year}</text>" in svg] == [2022, 2023, 2024, 2025]
    assert marks.text(62, 254, "2022", "middle") in svg and marks.text(630, 254, "2025", "middle") in svg
    assert marks.text(62, 18, "sales") in svg
    past, future = frames()
    short = svg_chart(past.with_columns(pl.col("ds") + pl.duration(days=1)), future, "sales")
    assert ">2022</text>" not in short and ">2025</text>" in short


def test_a_chart_of_nothing_has_its_title() -> None:
    past, future = frames()
    empty = svg_chart(past.clear(), future.clear(), "none")
    assert marks.text(62, 18, "none") in empty and "<polyline" not in empty


def test_a_page_holds_its_numbers_and_cannot_be_ended_by_a_name() -> None:
    page = pictures._page("<svg/>", '{"title": "</script>"}')
    assert page == (
        '<!doctype html><meta charset="utf-8"><svg/><script type="application/json">{"title": "<\\/script>"}</script>\n'
    )


def test_a_picture_layers_both_intervals_forecast_and_history() -> None:
    chart = pictures.picture(*frames(), "sales").to_dict()
    assert (chart["title"], chart["width"], chart["height"]) == ("sales", 480, 160)
    opacity = [layer["mark"].get("opacity") for layer in chart["layer"]]
    assert opacity == [0.15, 0.3, None, None] and chart["layer"][2]["mark"]["strokeDash"] == [4, 2]
    assert chart["layer"][3]["mark"]["strokeWidth"] == 1


def test_two_hundred_series_of_a_file_are_drawn_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pictures.MAX_PICTURES == 200
    monkeypatch.setattr(pictures, "MAX_PICTURES", 2)
    past, future = frames()
    names = ["b/" + "x" * 90, "a", "c"]
    pl.concat([past.with_columns(unique_id=pl.lit(name)) for name in names]).write_parquet(tmp_path / "past.parquet")
    rows = pl.concat([future.with_columns(unique_id=pl.lit(name)) for name in names])
    rows.write_parquet(tmp_path / "future.parquet")
    assert pictures.draw(tmp_path / "past.parquet", tmp_path / "future.parquet", tmp_path / "out") == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000_b_" + "x" * 78 + ".html", "001_a.html"]
