"""Dates with points, dashes and slips, and the days that systems write for none. Values by hand."""

from datetime import date
from pathlib import Path

import pytest
from cells import read

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("24.12.31", "24.11.05"), [date(2024, 12, 31), date(2024, 11, 5)]),  # Hungary: years stand together
        (("05.11.24", "31.12.24"), [date(2024, 11, 5), date(2024, 12, 31)]),
        (("24.03.05", "24.04.06"), [date(2005, 3, 24), date(2006, 4, 24)]),  # nothing says that days stand last
        (("01.01.19", "01.04.20", "01.07.24"), [date(2019, 1, 1), date(2020, 4, 1), date(2024, 7, 1)]),
        (("31.12.18", "31.12.24"), [date(2018, 12, 31), date(2024, 12, 31)]),
        (("01.01.24", "01.01.25"), [date(2024, 1, 1), date(2025, 1, 1)]),
        (("01.01.05", "31.12.06", "30.06.31"), [date(2005, 1, 1), date(2006, 12, 31), date(2031, 6, 30)]),
        (("98.12.31", "24.12.31"), [date(1998, 12, 31), date(2024, 12, 31)]),  # no day 98: years stand first
        (("31.02.24", "05.03.24"), ["bad_date", date(2024, 3, 5)]),  # a slip is no evidence
        (("20-3-24", "21-3-24", "5-3-24"), [date(2024, 3, 20), date(2024, 3, 21), date(2024, 3, 5)]),  # Netherlands
    ],
)
def test_of_short_dates_with_points_or_dashes_the_year_is_found(
    tmp_path: Path, cells: tuple[str, ...], values: list[object]
) -> None:
    assert read(tmp_path, "ordered_on: X", *cells) == values


def test_one_slip_among_dates_with_points_changes_no_other(tmp_path: Path) -> None:
    days = [date(2024, 3, day) for day in range(2, 14)]
    cells = [f"{day:%d.%m.%y}" for day in days]
    assert read(tmp_path / "a", "ordered_on: X", "45.03.24", *cells) == ["bad_date", *days]
    hungarian = [f"24.03.{day:02d}" for day in range(2, 31)]  # 45 can be a year there, and a slip elsewhere
    assert read(tmp_path / "b", "ordered_on: X", "45.03.24", *hungarian) == ["undecidable_date_order"]


def test_the_last_day_of_a_systems_calendar_means_none(tmp_path: Path) -> None:
    cells = ("4712-12-31", "31.12.2999", "1601-01-01T00:00:00Z", "2079-06-06 00:00:00", "00.01.1900", "1900-01-00")
    assert read(tmp_path, "ordered_on: X", *cells, "2024-02-29") == [*[None] * 6, date(2024, 2, 29)]
