"""Festivals: their days, their effects where they are found, bounded, and put back."""

import numpy as np
import pytest

from forecasts.panel import calendar, festival_effects
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.festival_effects import (
    Effects,
    _better_form,
    _least_squares,
    _squares,
    effects_of,
    significant_slopes,
)
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS, DAYS = Frequency("MS"), Frequency("D")


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


def test_two_festivals_of_one_year_are_two_and_days_in_a_row_are_one() -> None:
    """In the year 2000 Ramadan ended twice, in January and in December."""
    ends = calendar._days("AE", "Eid al-Fitr", (2000,))
    assert [day.month for day in ends] == [1, 12]
    assert [len(calendar._days("CN", "Chinese New Year", (year,))) for year in (2023, 2024)] == [1, 1]


def test_a_festival_of_the_next_year_begins_in_this_one() -> None:
    """Thirty days up to the one before 8 January 2000: 23 of them are in December 1999."""
    end = calendar._days("AE", "Eid al-Fitr", (2000,))[0]
    share = calendar.festival_share("ramadan", MONTHS, MONTHS.index(days("1999-12-01", "2000-01-01")))
    np.testing.assert_allclose(share[0], (31 - end.day) / 30)
    np.testing.assert_allclose(share[1], (end.day - 1) / 30)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("spring_festival", "2024-02-03", "2024-02-24"),  # New Year on the 10th, a week before and two after
        ("spring_festival", "2025-01-22", "2025-02-12"),  # on 29 January; its eve is a holiday, too
        ("dragon_boat", "2024-06-10", "2024-06-12"),
        ("mid_autumn", "2024-09-17", "2024-09-19"),
        ("easter", "2024-03-27", "2024-04-01"),  # Good Friday on the 29th
        ("eid_al_fitr", "2024-04-07", "2024-04-14"),  # on the 10th, after two days of holidays
        ("ramadan", "2024-03-11", "2024-04-09"),
    ],
)
def test_a_festival_reaches_from_its_first_day_to_its_last(name: str, first: str, last: str) -> None:
    """Within its year; each of its days has the same share."""
    index = DAYS.index(days(f"{first[:4]}-01-01"))[0] + np.arange(366)
    share = calendar.festival_share(name, DAYS, index)
    inside = DAYS.dates(index[share > 0])
    assert (inside[[0, -1]] == days(first, last)).all() and len(inside) == (inside[-1] - inside[0]).astype(int) + 1
    np.testing.assert_allclose(share[share > 0], 1 / len(inside))


def test_a_day_works_or_does_not() -> None:
    """From Saturday 30 December 2023 to Tuesday 2 January 2024: of four days one is worked, four times their mean."""
    four = DAYS.index(days("2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"))
    np.testing.assert_allclose(calendar.working_day_excess("DE", DAYS, four), [-1, -1, -1, 3])


RANDOM = np.random.default_rng(21)


def test_slopes_and_their_t_values_are_those_of_least_squares() -> None:
    x, noise = RANDOM.normal(size=(40, 2)), RANDOM.normal(0, 0.5, 40)
    y = x @ np.array([2.0, -1.0]) + noise
    slope, t = _least_squares(y, x)
    expected, (squares,), *_ = np.linalg.lstsq(x, y)
    np.testing.assert_allclose(slope, expected)
    error = np.sqrt(squares / (40 - 2 - 1) * np.diag(np.linalg.inv(x.T @ x)))
    np.testing.assert_allclose(t, expected / error)
    assert np.isfinite(_least_squares(np.ones(2), np.ones((2, 1)))[1]).all()


def lumpy(count: int, seed: int = 5) -> np.ndarray:
    return (np.random.default_rng(seed).random((count, 1)) < 0.3).astype(float)


@pytest.mark.parametrize(("count", "slope"), [(28, 3.0), (27, 0.0)])
def test_an_effect_takes_two_seasons_and_four_periods(count: int, slope: float) -> None:
    """Two years of months, three more and one per column; trend and season are gone from the differences."""
    x = lumpy(count)
    y = 3 * x[:, 0] + 0.5 * np.arange(count) + np.sin(np.arange(count) * np.pi / 6)
    np.testing.assert_allclose(significant_slopes(y, x, 12), [slope], atol=1e-9)


@pytest.mark.parametrize(("count", "slope"), [(6, 3.0), (5, 0.0)])
def test_without_a_season_neighbours_are_compared(count: int, slope: float) -> None:
    x = np.array([0.0, 1, 0, 0, 1, 0])[:count, None]
    np.testing.assert_allclose(significant_slopes(3 * x[:, 0] + 0.5 * np.arange(count), x, 1), [slope], atol=1e-9)


def test_an_effect_that_may_be_luck_is_none_and_a_column_that_never_moves_has_none() -> None:
    x = np.column_stack([lumpy(60)[:, 0], lumpy(60, 6)[:, 0], np.ones(60)])
    y, luck = 5 * x[:, 0] + np.random.default_rng(9).normal(0, 1, 60), np.random.default_rng(2).normal(0, 1, 60)
    slopes = significant_slopes(y, x, 12)
    assert slopes[0] == pytest.approx(5, abs=0.6) and slopes[1:].tolist() == [0, 0]
    assert not significant_slopes(luck, x[:, 1:], 12).any()
    alone = significant_slopes(y, x[:, :1], 12)
    assert slopes[0] == pytest.approx(alone[0]), "what is left out does not move the others"


@pytest.mark.parametrize(("t", "is_kept"), [(2.1, True), (1.9, False)])
def test_a_t_value_of_two_is_enough(t: float, is_kept: bool) -> None:
    """Steps of the column and an error across it, in the size that gives the t value."""
    step, error = RANDOM.normal(size=(2, 30))
    step -= step.mean()
    error -= error.mean()
    error -= step * (error @ step) / (step @ step)
    error *= np.sqrt(28 * (step @ step) / (error @ error)) / t
    x, y = (np.concatenate([[0], np.cumsum(part)]) for part in (step, step + error))
    assert (significant_slopes(y, x[:, None], 1) != 0).tolist() == [is_kept]


def test_what_effects_leave_is_measured_over_a_season() -> None:
    target, columns = np.array([1.0, 2, 4, 8, 9]), np.array([[0.0], [1], [0], [1], [0]])
    left = np.array([1.0, 0, 4, 6, 9])
    assert _squares(target, columns, np.array([2.0]), 2) == pytest.approx(np.var(left[2:] - left[:-2]))
    assert _squares(target, columns, np.array([2.0]), 1) == pytest.approx(np.var(np.diff(left)))


def series(form: str) -> tuple[np.ndarray, np.ndarray]:
    x, season = lumpy(60), 100 + 30 * np.sin(np.arange(60) * np.pi / 6)
    size = np.exp(0.03 * np.arange(60))
    noise = RANDOM.normal(0, 0.01, 60)
    made = {
        "factor": 100 * size * np.exp(0.5 * x[:, 0] + noise),
        "amount": season + 60 * x[:, 0] + 100 * noise,
        "negative": season - 90 + 60 * x[:, 0],
        "none": 100 * np.exp(noise),
    }
    return made[form], x


@pytest.mark.parametrize(
    ("form", "is_log", "slope"),
    [("factor", True, 0.5), ("amount", False, 60), ("negative", False, 60), ("none", True, 0)],
)
def test_an_effect_is_a_factor_unless_amounts_fit_far_better(form: str, is_log: bool, slope: float) -> None:
    values, x = series(form)
    found, slopes = _better_form(values, x, 12)
    assert found == is_log
    np.testing.assert_allclose(slopes, [slope], rtol=0.02, atol=0.005 if slope else 0)


@pytest.mark.parametrize(("squares", "is_log"), [((49.0, 1.0), False), ((51.0, 1.0), True), ((101.0, 2.0), True)])
def test_amounts_must_leave_half_of_what_factors_leave_in_units_of_the_series(
    squares: tuple[float, float], is_log: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The geometric mean of 5 and 20 is 10: an error of 1 in logarithms is one of 10, or 100 squared."""
    answers = iter(squares)
    monkeypatch.setattr(festival_effects, "_squares", lambda *unused: next(answers))
    monkeypatch.setattr(festival_effects, "_remembered_slopes", lambda *unused: np.ones(1))
    assert _better_form(np.array([5.0, 20.0]), np.zeros((2, 1)), 1)[0] == is_log


def batch(values: np.ndarray, x: np.ndarray, ahead: list[float]) -> Batch:
    columns = np.concatenate([[[99.0]], x, np.array(ahead)[:, None]])
    regressors = Regressors(("festival",), 600 - len(values), columns)
    return Batch(("a",), (values,), np.array([600]), MONTHS, regressors)


@pytest.mark.parametrize("form", ["factor", "amount"])
def test_effects_are_taken_out_and_put_back_no_larger_than_they_ever_were(form: str) -> None:
    values, x = series(form)
    effects = effects_of(batch(values, x, [0.0, 0.5, 1.0, 7.0, -3.0]), 5)
    _, (slope,) = _better_form(values, x, 12)
    np.testing.assert_allclose(effects.future, [[0, slope / 2, slope, slope, 0]])
    plain = values / np.exp(slope * x[:, 0]) if form == "factor" else values - slope * x[:, 0]
    np.testing.assert_allclose(effects.adjusted.values[0], plain)
    assert effects.adjusted.regressors is None and effects.is_log.tolist() == [form == "factor"]


def test_a_forecast_gets_factors_or_amounts_back() -> None:
    adjusted = batch(np.ones(3), np.zeros((3, 1)), [0.0])
    effects = Effects(adjusted, np.array([[0.0, 0.5], [0.0, 900.0]]), np.array([True, False]))
    np.testing.assert_allclose(effects.restore(np.full((2, 2), 10.0)), [[10, 10 * np.exp(0.5)], [10, 910]])
