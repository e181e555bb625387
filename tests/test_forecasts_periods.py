"""Which period a date falls in, which frequency dates have, and which of them are odd."""

import numpy as np
import pytest

from forecasts.errors import ForecastError
from forecasts.panel.frequency import YEARS_445, Frequency, infer_freq, usual_freq

pytestmark = pytest.mark.fast


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


def every(step: str, first: str, count: int) -> np.ndarray:
    """Dates in steps of a NumPy unit: `D`, `7D`, `M`, `3M`."""
    size, unit = int(step[:-1] or 1), step[-1]
    return (np.array(first, f"datetime64[{unit}]") + size * np.arange(count)).astype("datetime64[D]")


@pytest.mark.parametrize(
    ("code", "day", "number", "first", "last"),
    [
        ("D", "1970-01-03", 2, "1970-01-03", "1970-01-03"),
        ("MS", "1970-03-31", 2, "1970-03-01", "1970-03-31"),
        ("ME", "1970-03-01", 2, "1970-03-01", "1970-03-31"),
        ("QS", "1970-12-31", 3, "1970-10-01", "1970-12-31"),
        ("QS-FEB", "1970-05-01", 1, "1970-05-01", "1970-07-31"),
        ("QS-FEB", "1970-01-31", -1, "1969-11-01", "1970-01-31"),
        ("YS", "1971-06-30", 1, "1971-01-01", "1971-12-31"),
        ("YS-APR", "1971-03-31", 0, "1970-04-01", "1971-03-31"),
        ("W-THU", "1970-01-07", 0, "1970-01-01", "1970-01-07"),
        ("W-MON", "1970-01-05", 1, "1970-01-05", "1970-01-11"),
        ("W-SUN", "1970-01-04", 0, "1970-01-04", "1970-01-10"),
        ("B", "1970-01-05", 2, "1970-01-05", "1970-01-05"),
        ("B", "1970-01-02", 1, "1970-01-02", "1970-01-04"),
    ],
)
def test_a_day_lies_in_the_period_of_its_number(code: str, day: str, number: int, first: str, last: str) -> None:
    frequency = Frequency(code)
    index = np.array([number])
    assert frequency.index(days(day)).tolist() == [number]
    assert (frequency.starts(index) == days(first)).all() and (frequency.ends(index) == days(last)).all()
    assert (frequency.dates(index) == days(last if code == "ME" else first)).all()


@pytest.mark.parametrize(
    ("code", "season"),
    [("D", 7), ("B", 5), ("W-MON", 52), ("445-JAN", 12), ("MS", 12), ("ME", 12), ("QS-FEB", 4), ("YS", 1)],
)
def test_a_season_is_a_week_of_days_or_a_year_of_longer_periods(code: str, season: int) -> None:
    assert Frequency(code).season == season


@pytest.mark.parametrize(
    "code", ["", "W", "W-JAN", "445", "445-MON", "MS-JAN", "D-MON", "B-FRI", "QS-MON", "2W", "ME-JAN"]
)
def test_a_code_that_means_nothing_is_refused(code: str) -> None:
    with pytest.raises(ForecastError, match="is unknown: use MS, ME, QS, YS"):
        Frequency(code)


@pytest.mark.parametrize(
    ("code", "year", "starts"),
    [
        ("445-JAN", 2024, ["2024-01-01", "2024-01-29", "2024-02-26", "2024-04-01"]),  # a Monday
        ("445-JAN", 2026, ["2025-12-29", "2026-01-26", "2026-02-23", "2026-03-30"]),  # a Thursday: the Monday before
        ("445-JAN", 2027, ["2027-01-04", "2027-02-01", "2027-03-01", "2027-04-05"]),  # a Friday: the Monday after
        ("445-OCT", 2023, ["2023-10-02", "2023-10-30", "2023-11-27", "2024-01-01"]),  # a Sunday
    ],
)
def test_a_fiscal_year_begins_on_the_monday_nearest_to_the_first_of_its_month(
    code: str, year: int, starts: list[str]
) -> None:
    frequency = Frequency(code)
    number = 12 * (year - YEARS_445.start)
    assert (frequency.starts(np.arange(number, number + 4)) == days(*starts)).all()
    assert frequency.index(days(*starts)).tolist() == [number, number + 1, number + 2, number + 3]
    assert frequency.index(days(starts[1]) - 1).tolist() == [number]


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        (every("M", "2024-01", 5), "MS"),
        (days("2024-01-01", "2024-03-01"), "MS"),
        (every("3M", "2024-01", 5), "QS"),
        (every("3M", "2024-02", 5), "QS-FEB"),
        (every("6M", "2024-03", 5), "QS-MAR"),
        (every("12M", "2020-01", 4), "YS"),
        (every("12M", "2020-04", 4), "YS-APR"),
        (every("M", "2024-02", 5) - 1, "ME"),
        (every("3M", "2024-01", 5) - 1, "QS"),
        (every("12M", "2020-07", 4) - 1, "YS-JUL"),
        (every("7D", "2024-01-01", 4), "W-MON"),
        (every("7D", "2024-01-07", 4), "W-SUN"),
        (every("14D", "2024-01-03", 4), "W-WED"),
        (every("D", "2024-01-01", 3), "D"),
        (np.delete(every("D", "2024-01-01", 12), [5, 6]), "B"),
        (np.delete(every("D", "2024-01-01", 11), [5, 6]), "D"),  # nine days are less than two weeks
        (every("D", "2024-01-01", 12), "D"),
        (np.delete(every("D", "2024-01-01", 14), [6, 13]), "D"),  # Saturdays, no Sundays
        (np.delete(every("D", "2024-01-02", 12), [5]), "D"),
        (days("2024-01-15", "2024-02-15"), "D"),
        (days("2024-02-01", "2024-01-01", "2024-01-01"), "MS"),
    ],
)
def test_the_frequency_is_the_longest_period_with_one_date(dates: np.ndarray, code: str) -> None:
    assert infer_freq(dates) == code


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (days("2024-01-01", "2024-01-01"), "fewer than two dates"),
        (days("2024-01-15", "2024-02-15", "2024-03-15"), "one day of each month, but not its first or last"),
    ],
)
def test_where_dates_do_not_tell_the_frequency_it_is_asked_for(dates: np.ndarray, message: str) -> None:
    with pytest.raises(ForecastError, match=message):
        infer_freq(dates)


def replaced(dates: np.ndarray, *others: str) -> np.ndarray:
    """The dates with the first ones after the second in place of as many of them."""
    return np.sort(np.concatenate([dates[:2], days(*others), dates[2 + len(others) :]]))


MONDAYS, FIRSTS = every("7D", "2024-01-01", 20), every("M", "2023-01", 20)


@pytest.mark.parametrize(
    ("dates", "code", "odd"),
    [
        (MONDAYS, "W-MON", []),
        (replaced(MONDAYS, "2024-01-16"), "W-MON", ["2024-01-16"]),
        (replaced(MONDAYS, "2024-01-16", "2024-01-24"), "W-MON", ["2024-01-16", "2024-01-24"]),
        (
            replaced(MONDAYS, "2024-01-16", "2024-01-24", "2024-02-01"),
            "W-MON",
            ["2024-01-16", "2024-01-24", "2024-02-01"],
        ),
        (replaced(FIRSTS, "2023-03-02"), "MS", ["2023-03-02"]),
        (replaced(every("3M", "2020-02", 12), "2020-08-04"), "QS-FEB", ["2020-08-04"]),
        (replaced(FIRSTS - 1, "2023-02-15"), "ME", ["2023-02-15"]),
        (every("D", "2024-01-01", 20), "D", []),
        (every("2D", "2024-01-01", 20), "D", []),
        (replaced(MONDAYS[:7], "2024-01-16"), "B", []),  # seven dates show no pattern
        (replaced(MONDAYS[:8], "2024-01-16"), "W-MON", ["2024-01-16"]),
        (np.sort(np.append(MONDAYS, days("2024-01-16"))), "B", []),  # two dates in one week
    ],
)
def test_a_few_dates_off_the_pattern_are_told_and_do_not_decide(dates: np.ndarray, code: str, odd: list[str]) -> None:
    usual, off = usual_freq(dates)
    assert (usual, off.tolist()) == (code, days(*odd).tolist() if odd else [])


@pytest.mark.parametrize(("kept", "code"), [([0, 1, 2, 3, 4, 5, 6, 9], "W-MON"), ([0, 1, 2, 3, 4, 5, 6, 10], "B")])
def test_dates_of_any_weekday_are_weekly_where_most_weeks_have_one(kept: list[int], code: str) -> None:
    """Eight dates of ten weeks are four fifths, of eleven they are fewer. Tuesdays and Thursdays in turn."""
    dates = every("7D", "2024-01-02", 12) + 2 * (np.arange(12) % 2)
    usual, off = usual_freq(dates[kept])
    assert usual == code and len(off) == (8 if code == "W-MON" else 0)


@pytest.mark.parametrize(("last", "code"), [("2024-05-05", "MS"), ("2024-05-27", None), ("2024-05-06", None)])
def test_dates_near_the_first_of_a_month_are_months_up_to_four_days_from_it(last: str, code: str | None) -> None:
    firsts = days(
        "2023-10-02", "2023-11-01", "2023-12-01", "2024-01-03", "2024-02-01", "2024-03-04", "2024-04-02", last
    )
    if code is None:
        with pytest.raises(ForecastError, match="near neither its first nor its last day"):
            usual_freq(firsts)
    else:
        usual, off = usual_freq(firsts)
        assert usual == code and len(off) == 5
