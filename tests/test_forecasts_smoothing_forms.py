"""The forms of exponential smoothing against the equations of Hyndman et al. (2008), and how one of them is chosen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kernels import as_python, noting

from forecasts.engines import smoothing

pytestmark = pytest.mark.fast

RANDOM = np.random.default_rng(12)


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, smoothing)


@pytest.mark.parametrize("season", [3, 4])
@pytest.mark.parametrize("periods", [8, 14, 60])
@pytest.mark.parametrize("is_factor", [False, True])
def test_indices_are_means_of_what_moving_averages_of_five_seasons_leave(
    season: int, periods: int, is_factor: bool
) -> None:
    y = RANDOM.uniform(5, 9, periods)
    first, half = y[: 5 * season], season // 2
    weights = np.array([0.5, 1, 1, 1, 0.5]) / 4 if season == 4 else np.ones(3) / 3
    average, inner = np.convolve(first, weights, "valid"), first[half : len(first) - half]
    left = inner / average if is_factor else inner - average
    at = np.arange(half, len(first) - half) % season
    means = np.array([left[at == place].mean() for place in range(season)])
    expected = means / means.mean() if is_factor else means - means.mean()
    np.testing.assert_allclose(smoothing.seasonal_indices(y, season, is_factor), expected)


def test_factors_of_nothing_are_nothing_and_no_error() -> None:
    assert smoothing.seasonal_indices(np.zeros(8), 4, True).tolist() == [0, 0, 0, 0]


def test_a_line_begins_one_period_before_its_first_value() -> None:
    y = np.array([3.0, 4.5, 4.0, 8.0])
    slope, level = np.polyfit(np.arange(1, 5), y, 1)
    np.testing.assert_allclose(smoothing.fit_line(y), (level, slope))
    assert smoothing.fit_line(np.array([7.0])) == (7.0, 0.0)


def textbook(
    y: np.ndarray, form: list[int], weights: list[float], level: float, slope: float, index: np.ndarray, steps: int
) -> tuple[np.ndarray, float]:
    """Error correction by relative errors where the season is a factor, else by errors."""
    alpha, phi = weights[0], weights[3] if form[1] else 0.0
    beta, gamma = weights[1] * alpha, weights[2] * (1 - alpha)
    state, errors, fits = index.copy(), list[float](), list[float]()
    for t, value in enumerate(y):
        s, ahead = state[t % len(state)], level + phi * slope
        fit = ahead * s if form[2] == 2 else ahead + s
        relative = (value - fit) / fit
        size = ahead * relative if form[2] == 2 else value - fit
        level, slope = ahead + alpha * size, (phi * slope + beta * size) if form[1] else slope
        if form[2]:
            state[t % len(state)] = s * (1 + gamma * relative) if form[2] == 2 else s + gamma * size
        errors.append(relative if form[0] == 2 else value - fit)
        fits.append(fit)
    season = state[(len(y) + np.arange(steps)) % len(state)]
    trend = level + slope * np.cumsum(phi ** np.arange(1, steps + 1))
    twice = 2 * np.log(fits).sum() if form[0] == 2 else 0.0
    return (trend * season if form[2] == 2 else trend + season), len(y) * np.log(np.square(errors).sum()) + twice


@pytest.mark.parametrize("form", smoothing.FORMS.tolist())
@pytest.mark.parametrize("season", [1, 4])
def test_a_series_is_smoothed_by_the_equations_of_its_form(form: list[int], season: int) -> None:
    index = {0: np.zeros(1), 1: RANDOM.normal(0, 1, season), 2: RANDOM.uniform(0.7, 1.3, season)}[form[2]]
    y, weights, out = RANDOM.uniform(8, 12, 11), [0.4, 0.3, 0.6, 0.85], np.full(6, np.nan)
    value = smoothing.smooth_with(y, len(index), np.array(form), np.array(weights), 9.0, 0.7, index.copy(), out)
    expected, minus_twice_log = textbook(y, form, weights, 9.0, 0.7, index, 6)
    np.testing.assert_allclose(out, expected)
    assert value == pytest.approx(minus_twice_log)


@pytest.mark.parametrize(("level", "is_feasible"), [(1e-9, True), (0.0, False), (-4.0, False)])
def test_relative_errors_of_nothing_are_infeasible(level: float, is_feasible: bool) -> None:
    arguments = np.array([3.0]), 1, np.array([2, 0, 2]), np.array([0.5, 0.5, 0.5, 0.8]), level, 0.0, np.ones(1)
    assert (smoothing.smooth_with(*arguments, np.empty(1)) < 1e300) == is_feasible


def test_a_season_without_any_sales_moves_the_level_by_the_error_itself() -> None:
    """Additive errors of a factor 0: fit 0, error 4, level 10 + .5 x 4, factor .25 x 4 / 10; none is infinite."""
    out, weights = np.empty(1), np.array([0.5, 0.5, 0.5, 0.8])
    smoothing.smooth_with(np.array([4.0]), 1, np.array([1, 0, 2]), weights, 10.0, 0.0, np.zeros(1), out)
    assert out[0] == pytest.approx(12 * 0.1)
    perfect = smoothing.smooth_with(np.array([10.0]), 1, np.array([1, 0, 0]), weights, 10.0, 0.0, np.zeros(1), out)
    assert perfect == pytest.approx(np.log(1e-300))


def test_weights_stay_within_their_bounds() -> None:
    inside = np.array([0.5, 0.25, 0.45, 0.9])
    assert smoothing.within_bounds(inside).tolist() == inside.tolist()
    assert smoothing.within_bounds(np.full(4, -1.0)).tolist() == [0.01, 0.001, 0.001, 0.8]
    assert smoothing.within_bounds(np.full(4, 9.0)).tolist() == [0.99, 0.5, 0.9, 0.98]


Error = Callable[[np.ndarray], float]


def search(monkeypatch: pytest.MonkeyPatch, form: list[int], error_of: Error) -> tuple[np.ndarray, float, int]:
    """Point, its error and how many points were asked, for a made error instead of that of a series."""
    asked: list[np.ndarray] = []
    error = noting(asked, error_of)
    monkeypatch.setattr(smoothing, "smooth_with", lambda y, season, f, p, *rest: error(p.copy()))
    point, value = smoothing.best_parameters(np.zeros(1), 1, np.array(form), 0.0, 0.0, np.zeros(1), np.zeros(1))
    assert value == min(map(error_of, asked))
    return point, value, len(asked)


TARGET = np.array([0.62, 0.37, 0.21, 0.83])


@pytest.mark.parametrize(
    ("form", "moving"), [([1, 0, 0], [0]), ([1, 0, 1], [0, 2]), ([1, 1, 0], [0, 1, 3]), ([2, 1, 2], [0, 1, 2, 3])]
)
def test_the_search_finds_the_bottom_of_a_bowl_over_the_weights_of_the_form(
    form: list[int], moving: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other weights are left where they start; a few dozen points are enough."""
    point, value, count = search(monkeypatch, form, lambda p: float(7 + 100 * ((p - TARGET)[moving] ** 2).sum()))
    expected = np.where(np.isin(np.arange(4), moving), TARGET, smoothing.START)
    np.testing.assert_allclose(point, expected, atol=0.005)
    assert value < 7.001 and count < 35 * len(moving)


def test_the_search_ends_at_a_bound_where_the_bottom_lies_beyond_it(monkeypatch: pytest.MonkeyPatch) -> None:
    point, _, _ = search(monkeypatch, [1, 1, 0], lambda p: float(100 * ((p - np.array([2.0, -1, 0, 0.9])) ** 2).sum()))
    np.testing.assert_allclose(point[[0, 1, 3]], [0.99, 0.001, 0.9], atol=0.005)


def test_a_narrow_valley_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two weights that only their sum tells apart well: the simplex has to stretch along the valley."""
    point, value, count = search(
        monkeypatch, [1, 0, 1], lambda p: 400 * (p[0] + p[2] - 1.1) ** 2 + 4 * (p[0] - p[2] - 0.5) ** 2
    )
    np.testing.assert_allclose(point[[0, 2]], [0.8, 0.3], atol=0.01)
    assert value < 1e-3 and count < 90


Fit = tuple[float, float, list[float]]


def chosen(
    monkeypatch: pytest.MonkeyPatch, y: np.ndarray, season: int, likelihood: dict[int, float]
) -> tuple[list[float], dict[int, Fit]]:
    """The forecast, which names the chosen form by its number, and the start values that every form was given."""
    starts: dict[int, Fit] = {}

    def best(values: np.ndarray, lag: int, form: np.ndarray, *start: Any) -> tuple[int, float]:
        level, slope, index, _ = start
        number = int(np.flatnonzero(np.equal(smoothing.FORMS, form).all(axis=1))[0])
        starts[number] = level, slope, index.tolist()
        return number, likelihood.get(number, 1e6)

    def write(values: np.ndarray, lag: int, form: np.ndarray, parameters: int, *rest: np.ndarray) -> None:
        rest[-1][:] = parameters

    monkeypatch.setattr(smoothing, "best_parameters", best)
    monkeypatch.setattr(smoothing, "smooth_with", write)
    return smoothing.smooth(y, season, 2).tolist(), starts


@pytest.mark.parametrize(
    ("y", "season", "tried"),
    [
        (np.arange(1.0, 41), 4, [0, 1, 2, 3, 4, 5]),
        (np.arange(40.0), 4, [0, 1, 2, 3]),
        (np.arange(1.0, 41), 1, [0, 1]),
        (np.arange(1.0, 25), 12, [0, 1, 2, 3, 4, 5]),
        (np.arange(1.0, 24), 12, [0, 1]),
    ],
)
def test_seasons_need_two_of_them_and_factors_need_sales_in_every_period(
    y: np.ndarray, season: int, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(chosen(monkeypatch, y, season, {})[1]) == tried


@pytest.mark.parametrize(("form", "free"), [(0, 3), (1, 6), (2, 7), (3, 10), (4, 7), (5, 10)])
def test_a_form_must_earn_its_parameters(form: int, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """2 k + 2 k (k + 1) / (n - k - 1) of 30 values: 6 + 24 / 26 for the plainest, which the others are held against."""
    y = RANDOM.uniform(5, 9, 30)
    plain, other = 1 if form == 0 else 0, 6 if form == 0 else 3
    penalty = [2 * k + 2 * k * (k + 1) / (30 - k - 1) for k in (other, free)]
    for gain, winner in ((0.01, form), (-0.01, plain)):
        forecast, _ = chosen(monkeypatch, y, 4, {plain: 50 - penalty[0], form: 50 - penalty[1] - gain})
        assert forecast == [winner, winner]


def test_too_few_values_for_the_parameters_leave_the_last_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parameters need five values, six need eight."""
    assert chosen(monkeypatch, np.array([1.0, 2, 3, 9]), 1, {0: 1.0, 1: 1.0})[0] == [9, 9]
    assert chosen(monkeypatch, np.arange(1.0, 6), 1, {0: 1.0, 1: -1e9})[0] == [0, 0]
    assert chosen(monkeypatch, np.arange(1.0, 8), 1, {0: 1.0, 1: -1e9})[0] == [0, 0]
    assert chosen(monkeypatch, np.arange(1.0, 9), 1, {0: 1.0, 1: -1e9})[0] == [1, 1]


def test_smoothing_starts_from_the_first_seasons_without_their_season(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a slope the mean of three values or a season, else the line through ten values or two seasons."""
    wave = np.array([-2.0, 1, 3, -1, 0, -1])
    y = 10 + 0.5 * np.arange(1, 37) + wave[np.arange(36) % 6]
    y[13:] += RANDOM.normal(0, 0.1, 23)
    _, starts = chosen(monkeypatch, y, 6, {})
    assert starts[0][:2] == (pytest.approx(y[:3].mean()), 0.0)
    slope, level = np.polyfit(np.arange(1, 11), y[:10], 1)
    assert starts[1][:2] == (pytest.approx(level), pytest.approx(slope))
    for form, is_factor in ((2, False), (4, True)):
        index = smoothing.seasonal_indices(y, 6, is_factor)
        plain = y[:12] / np.tile(index, 2) if is_factor else y[:12] - np.tile(index, 2)
        slope, level = np.polyfit(np.arange(1, 13), plain, 1)
        assert starts[form] == (pytest.approx(plain[:6].mean()), 0.0, index.tolist())
        assert starts[form + 1] == (pytest.approx(level), pytest.approx(slope), index.tolist())
