"""How series are arranged for the solver: changepoints, model time, standardised regressors, stacks of one calendar."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from test_prophet_map_columns import calendar

from forecasts.prophet_map import seasons
from forecasts.prophet_map.design import Design, Scale, design
from forecasts.prophet_map.grouping import stacks, standardisation
from forecasts.prophet_map.panel import read_panel
from forecasts.prophet_map.specification import Regressor, Specification, SpecificationError

pytestmark = pytest.mark.fast


def shape(spec: Specification, points: int = 21) -> Design:
    dates = np.stack([calendar(points - 1), calendar(points - 1, first="2022-05-05")])
    return design(spec, seasons.layout_of(spec, dates[0]), dates, np.zeros((2, points, 0)))


@pytest.mark.parametrize(
    ("changes", "share", "rows"),
    [(4, 0.8, [4, 8, 11, 15]), (25, 0.3, [1, 2, 3, 4, 5]), (2, 1.0, [10, 20]), (1, 0.8, [15])],
)
def test_changepoints_are_spread_over_the_first_rows(changes: int, share: float, rows: list[int]) -> None:
    """Of 21 days .8 are 16, whose last is day 15; the first day is none."""
    made = shape(Specification(n_changepoints=changes, changepoint_range=share))
    np.testing.assert_allclose(made.changepoints, np.array([rows, rows]) / 20)
    assert not made.is_dummy and not made.is_flat
    ramps = made.ramps(made.t[:1], np.array([1]))
    np.testing.assert_allclose(ramps[0, :, 0], np.maximum(np.arange(21) - rows[0], 0) / 20)


@pytest.mark.parametrize("spec", [Specification(n_changepoints=0), Specification(changepoint_range=0.09)])
def test_without_changepoints_one_at_the_start_stands_in(spec: Specification) -> None:
    made = shape(spec)
    assert made.is_dummy and made.changepoints.tolist() == [[0], [0]]


def test_flat_growth_has_no_changepoints() -> None:
    made = shape(Specification(growth="flat", weekly_seasonality=False))
    assert made.is_flat and not made.is_dummy and made.changepoints.shape == (2, 0)
    assert made.prior.tolist() == [5, 5]
    G = made.blocks().G  # the slope's column is nothing
    assert not np.abs(G[:, :, 0]).max() and np.abs(G[:, :, 1]).max() > 0


@pytest.mark.parametrize(
    ("first", "last", "is_inside"),
    [("2021-01-03", "2021-01-07", True), ("2021-01-02", "2021-01-07", False), ("2021-01-03", "2021-01-08", False)],
)
def test_given_changepoints_lie_within_every_history(first: str, last: str, is_inside: bool) -> None:
    """Histories from the 1st to the 7th and from the 3rd to the 13th."""
    changes = tuple(np.array([last, first], dtype="datetime64[us]"))
    spec = Specification(changepoints=changes)
    dates = np.stack([calendar(6), calendar(10, 10 / 6, "2021-01-03")])
    if is_inside:
        made = design(spec, seasons.layout_of(spec, dates[0]), dates, np.zeros((2, 7, 0)))
        np.testing.assert_allclose(made.changepoints[0], [2 / 6, 1])
        assert made.changepoints[1, 0] == 0
    else:
        with pytest.raises(SpecificationError, match="changepoints must fall within the history of every series"):
            design(spec, seasons.layout_of(spec, dates[0]), dates, np.zeros((2, 7, 0)))


def test_time_is_counted_in_histories() -> None:
    scale = Scale(np.array([10, 100]), np.array([20, 50]))
    assert scale.time(np.array([[10, 30, 40], [100, 125, 75]])).tolist() == [[0, 1, 1.5], [0, 0.5, -0.5]]


@pytest.mark.parametrize(
    ("values", "standardize", "mean", "deviation"),
    [
        ([1, 2, 3, 6], "auto", 3, np.sqrt(14 / 3)),
        ([0, 1, 1, 0], "auto", 0, 1),
        ([0, 1, 1, 0], True, 0.5, np.sqrt(1 / 3)),
        ([1, 2, 3, 6], False, 0, 1),
        ([4, 4, 4, 4], "auto", 0, 1),
        ([4, 4, 4, 4], True, 0, 1),
        ([0, 1, 2, 1], "auto", 1, np.sqrt(2 / 3)),
    ],
)
def test_regressors_are_standardised_unless_they_are_binary_or_constant(
    values: list[float], standardize: bool, mean: float, deviation: float
) -> None:
    spec = Specification(regressors=(Regressor("plain", standardize=False), Regressor("x", standardize=standardize)))
    extra = np.stack([np.array([[9.0, value] for value in values]), np.zeros((4, 2))])
    means, deviations = standardisation(spec, extra)
    assert means[:, 0].tolist() == [0, 0] and deviations[:, 0].tolist() == [1, 1]
    np.testing.assert_allclose([means[0, 1], deviations[0, 1]], [mean, deviation])
    assert (means[1, 1], deviations[1, 1]) == (0, 1)


def months(key: str, count: int, first: int = 0) -> pl.DataFrame:
    days = pl.date_range(date(2020, 1, 1), date(2024, 1, 1), "1mo", eager=True)[first : first + count]
    return pl.DataFrame({"unique_id": key, "ds": days, "y": np.arange(float(count)) + first})


def test_series_of_one_calendar_are_solved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of thirty months, one begun a month later, one of three, two and one; a stack holds so many dates."""
    frame = pl.concat(
        [months("a", 30), months("b", 3), months("c", 30, 1), months("d", 30), months("e", 1), months("f", 2)]
    )
    panel = read_panel(frame)
    two, short, long = stacks(Specification(), panel)
    assert two.members.tolist() == [5] and short.members.tolist() == [1] and long.members.tolist() == [0, 3, 2]
    assert long.calendar.tolist() == [0, 0, 1] and long.dates.shape == (2, 30)
    assert long.y[:, 0].tolist() == [0, 0, 1] and not long.means.size
    monkeypatch.setattr("forecasts.prophet_map.grouping.DATES_PER_STACK", 59)
    assert [stack.members.tolist() for stack in stacks(Specification(), panel)] == [[5], [1], [0, 3], [2]]
    monkeypatch.setattr("forecasts.prophet_map.grouping.DATES_PER_STACK", 60)
    assert len(list(stacks(Specification(), panel))) == 3
    monkeypatch.setattr("forecasts.prophet_map.grouping.DATES_PER_STACK", 1)
    assert len(list(stacks(Specification(), panel))) == 4
