"""Long rows as series in equal steps, and the figures beside them as they were known on a day."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.errors import ForecastError
from forecasts.panel.batch import ALWAYS, Batch, Regressors, _forward_filled, _standardised, batch_of, filled
from forecasts.panel.frequency import Frequency
from forecasts.panel.regressors import NEVER, _vintages_of_period, scenario_future, with_external

pytestmark = pytest.mark.fast

MONTHS, NAN = Frequency("MS"), np.nan


def rows(**series: dict[int, float | None]) -> pl.DataFrame:
    """Values of series by month, counted from January 2024 as 1."""
    return pl.DataFrame(
        [
            (name, date(2024 + (m - 1) // 12, (m - 1) % 12 + 1, 1), y)
            for name, ys in series.items()
            for m, y in ys.items()
        ],
        schema={"unique_id": pl.String, "ds": pl.Date, "y": pl.Float64},
        orient="row",
    )


def test_a_batch_has_every_series_from_its_first_to_its_last_known_value() -> None:
    frame = rows(b={1: None, 2: 5.0, 4: 7.0, 5: NAN}, a={3: 1.0}, c={2: None, 6: None}, d={1: float("inf"), 2: 2.0})
    batch, january = batch_of(frame, MONTHS), 54 * 12
    assert batch.unique_ids == ("a", "b", "c", "d") and len(batch) == 4
    assert [values.tolist() for values in batch.values[::2]] == [[1], []]
    np.testing.assert_array_equal(batch.values[1], [5, NAN, 7])
    assert batch.values[3].tolist() == [2]
    assert (batch.last - january).tolist() == [2, 3, 5, 1] and batch.lengths.tolist() == [1, 3, 0, 1]
    assert (batch.future(2) - january).tolist() == [[3, 4], [4, 5], [6, 7], [2, 3]]


def test_series_are_taken_in_the_order_asked_for_and_as_they_were_periods_ago() -> None:
    batch = batch_of(rows(a={1: 1.0, 2: 2.0}, b={1: 3.0, 2: 4.0, 3: 5.0}), MONTHS).take([1, 0])
    assert batch.unique_ids == ("b", "a") and np.diff(batch.last).tolist() == [-1]
    before = batch.without_last(np.array([2, 0]))
    assert [values.tolist() for values in before.values] == [[3], [1, 2]]
    assert (batch.last - before.last).tolist() == [2, 0]


def test_a_series_with_two_rows_in_a_period_is_named() -> None:
    with pytest.raises(
        ForecastError, match="series 'b': two rows fall into one period: sum them, or use a finer --freq"
    ):
        batch_of(pl.concat([rows(a={1: 1.0}, b={2: 2.0, 3: 4.0}), rows(b={2: 3.0})]), MONTHS)


def test_gaps_are_filled_in_straight_lines_and_columns_with_what_was_known_before() -> None:
    assert filled(np.array([2.0, NAN, NAN, 8.0])).tolist() == [2, 4, 6, 8]
    assert filled(np.array([2.0, 8.0])).tolist() == [2, 8]
    assert _forward_filled(np.array([NAN, 3.0, NAN, 5.0, NAN])).tolist() == [3, 3, 3, 5, 5]
    assert _forward_filled(np.array([NAN, NAN])).tolist() == [0, 0]


def test_figures_are_standardised_by_what_was_first_published() -> None:
    """Mean 4 and deviation 2 of 2 and 6; of equal figures only the mean is taken away; of none nothing."""
    assert _standardised(np.array([2.0, 10.0, NAN])[:2], np.array([2.0, 6.0, NAN])).tolist() == [-1, 3]
    assert _standardised(np.array([5.0, 9.0]), np.array([5.0, 5.0])).tolist() == [0, 4]
    assert _standardised(np.array([5.0]), np.array([NAN])).tolist() == [5]


def known(day: int) -> list[list[float]]:
    """A calendar's column, and figures 2, 6 and 7 of days 10, 20 and 30, the second revised to 4 on day 25."""
    always = np.full(3, ALWAYS)
    values = np.array([[0.0, 2.0], [1.0, 6.0], [0.0, 7.0]])
    later = np.array([[0.0, NAN], [1.0, 4.0], [0.0, NAN]])
    published = np.column_stack([always, [10, 20, 30]])
    since = np.full((3, 2), NEVER)
    since[1, 1] = 25
    shift = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 1.5]])
    regressors = Regressors(("days", "market"), 5, values, published, ((later, since),), shift)
    found = regressors.as_of(day)
    assert found.first == 5 and found.published is None and found.as_of(0) is found
    assert (
        found.rows(6, 8).tolist() == found.values[1:].tolist()
        and found.rows(5, 7).tolist() == found.values[:2].tolist()
    )
    return found.values.T.tolist()


def test_a_day_knows_what_was_published_and_revised_by_then() -> None:
    """What a calendar knows stays as it is; a scenario's shift comes on top."""
    assert known(9) == [[0, 1, 0], [0, 0, 1.5]]
    assert known(10) == [[0, 1, 0], [0, 0, 1.5]]  # one figure is its own mean
    assert known(20) == [[0, 1, 0], [-1, 1, 2.5]]
    assert known(24) == known(20)
    assert known(25) == [[0, 1, 0], [-1, 0, 1.5]]  # 4, in units of 2 and 6


def vintages(*figures: tuple[int, int, float]) -> list[tuple[int, float]]:
    table = pl.DataFrame(figures, schema=["ds", "day", "value"], orient="row")
    return _vintages_of_period(table)


def test_a_period_is_known_once_all_of_its_figures_are() -> None:
    """Two weeks of one month come out on days 5 and 9, the first is revised on day 12."""
    assert vintages((1, 5, 10.0), (2, 9, 20.0), (1, 12, 40.0)) == [(9, 15), (12, 30)]
    assert vintages((1, 5, 10.0), (1, 7, 30.0), (2, 9, 20.0)) == [(9, 25)]
    assert vintages((1, 5, 10.0)) == [(5, 10)]


Facts = list[tuple[str, str, float, str]]


def external(facts: Facts, as_of: date, calendar: Regressors | None = None) -> Regressors | None:
    batch = Batch(("a", "b"), (np.arange(3.0), np.arange(2.0)), MONTHS.index(days("2024-03-01", "2024-04-01")), MONTHS)
    table = pl.DataFrame(facts, schema=["name", "ds", "value", "published_on"], orient="row")
    dated = table.with_columns(pl.col("ds", "published_on").str.to_date())
    return with_external(calendar, dated, batch, 2, as_of)


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


FACTS = [
    ("price", "2024-02-05", 3.0, "2024-02-10"),
    ("price", "2024-02-20", 5.0, "2024-02-28"),
    ("price", "2024-06-01", 9.0, "2024-01-01"),
    ("price", "2023-11-01", 8.0, "2024-01-01"),  # before the batch
    ("price", "2024-08-01", 7.0, "2024-01-01"),  # after the horizon
    ("index", "2024-01-31", 1.0, "2024-02-01"),
    ("index", "2024-01-31", 2.0, "2024-03-01"),
    ("index", "2024-01-31", 4.0, "2024-03-01"),  # twice on one day: the larger
    ("later", "2024-01-31", 6.0, "2024-03-02"),
]


def test_figures_from_outside_are_means_of_their_period_over_history_and_horizon() -> None:
    """From December 2023, a month before the first value, to June 2024, two months ahead of the longest."""
    found = external(FACTS, date(2024, 3, 1))
    assert found is not None and found.names == ("index", "price")
    np.testing.assert_array_equal(found.values.T, [[NAN, 1, NAN, NAN, NAN, NAN, NAN], [NAN, NAN, 4, NAN, NAN, NAN, 9]])
    assert found.first == MONTHS.index(days("2023-12-01"))[0] and found.published is not None
    assert found.published[1, 0] == 19754 and found.published[2, 1] == 19781 and found.published[0, 0] == NEVER
    ((revised, since),) = found.revisions
    assert (
        revised[1, 0] == 4 and since[1, 0] == 19783 and np.isnan(revised[:, 1]).all() and (since[:, 1] == NEVER).all()
    )


def test_figures_stand_beside_a_calendar_s_columns() -> None:
    calendar = Regressors(("days",), MONTHS.index(days("2023-12-01"))[0], np.arange(7.0)[:, None])
    found = external(FACTS, date(2024, 3, 1), calendar)
    assert found is not None and found.published is not None and found.names == ("days", "index", "price")
    assert found.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6] and (found.published[:, 0] == ALWAYS).all()
    assert (
        found.revisions[0][0][:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6] and (found.revisions[0][1][:, 0] == NEVER).all()
    )
    assert external(FACTS, date(2023, 1, 1), calendar) is calendar and external(FACTS, date(2023, 1, 1)) is None


def test_facts_without_a_column_are_refused_and_none_leave_the_calendar() -> None:
    batch = batch_of(rows(a={1: 1.0}), MONTHS)
    with pytest.raises(ForecastError, match="column published_on is missing: expected name, ds, value, published_on"):
        with_external(None, pl.DataFrame({"name": ["x"], "ds": [date(2024, 1, 1)], "value": [1.0]}), batch, 1, date.max)
    calendar = Regressors(("days",), 648, np.zeros((2, 1)))
    assert with_external(calendar, pl.DataFrame({"name": []}), batch, 1, date.max) is calendar
    assert with_external(calendar, None, batch, 1, date.max) is calendar
    assert with_external(None, pl.DataFrame({"name": ["x"]}), batch.take([]), 1, date.max) is None


def test_a_scenario_shifts_named_figures_from_a_period_on() -> None:
    plain = Regressors(("a", "b"), 10, np.zeros((4, 2)))
    assert scenario_future(plain, {"b": 2.0}, 12).values.tolist() == [[0, 0], [0, 0], [0, 2], [0, 2]]
    dated = Regressors(("a", "b"), 10, np.zeros((4, 2)), np.zeros((4, 2)))
    moved = scenario_future(dated, {"a": -1.0}, 13)
    assert moved.shift is not None and moved.shift.tolist() == [[0, 0], [0, 0], [0, 0], [-1, 0]]
    assert not moved.values.any()
    with pytest.raises(ForecastError, match="regressor 'c' is unknown: there are a, b"):
        scenario_future(plain, {"c": 1.0, "a": 1.0}, 12)
