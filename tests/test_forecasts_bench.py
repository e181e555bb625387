"""What the forecast benchmark makes of its measurements."""

import pytest

from pipelines.bench.forecast_prophet import with_slopes
from pipelines.bench.forecast_tables import as_line, as_tables

pytestmark = pytest.mark.fast


def test_what_does_not_grow_is_kept_apart_from_what_a_further_series_costs() -> None:
    rows = [{"series": n, "cpu_s": 2.0 + n * 2e-5} for n in (10_000, 100_000, 1_000_000)]
    figures = with_slopes(rows)
    assert [row["fixed_cpu_s"] for row in figures] == pytest.approx([2.0] * 3)
    assert [row["slope_ms"] for row in figures[1:]] == pytest.approx([0.02] * 2)
    assert [row["slope_to_all"] for row in figures[1:]] == pytest.approx([1.0] * 2)
    slower = with_slopes([*rows[:2], {"series": 1_000_000, "cpu_s": 2.0 + 40.0}])
    assert slower[1]["slope_to_all"] < 0.6 and slower[2]["slope_to_all"] > 1.0


def test_tables_leave_out_what_no_row_has_and_keep_a_gap_empty() -> None:
    rows = [
        {"set": "m3", "model": "almanac default", "series": 1428, "mase": 0.8446, "msis_95": None},
        {"set": "m3", "model": "peer median", "series": 1428, "mase": None, "msis_95": None},
    ]
    assert as_tables({"table": rows, "speed": []}).splitlines() == [
        "| set | model | series | MASE |",
        "| --- | --- | --- | --- |",
        "| m3 | almanac default | 1,428 | 0.8446 |",
        "| m3 | peer median | 1,428 |  |",
    ]
    assert as_line("table", rows[1]) == "set m3, model peer median, series 1,428"
