"""Naive models, linear lags and the forest by hand: what each repeats, learns from, and refuses."""

import numpy as np
import pytest

from forecasts.base import Model, model
from forecasts.models import forest, lags_linear
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS, YEARS, LAST = Frequency("MS"), Frequency("YS"), 600


def batch(
    *series: list[float] | np.ndarray, frequency: Frequency = MONTHS, regressors: Regressors | None = None
) -> Batch:
    values = tuple(np.array(one, dtype=float) for one in series)
    return Batch(tuple(map(str, range(len(series)))), values, np.full(len(series), LAST), frequency, regressors)


YEAR = [float(number) for number in range(1, 13)]


def test_the_naive_models_repeat_the_last_value_season_or_its_mean() -> None:
    both = batch([3.0, *YEAR], [*YEAR, 7.0])
    assert model("naive").predict(both, 2).tolist() == [[12, 12], [7, 7]]
    assert model("seasonal_naive").predict(both, 14)[0].tolist() == [*YEAR, 1, 2]
    assert model("season_mean").predict(both, 2).tolist() == [[6.5, 6.5], [7, 7]]


class Doubled(Model):
    """Twice the last value; needs one and a half seasons."""

    name, seasons_needed = "doubled", 1.5

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        return np.array([[2 * values[-1]] * horizon for values in batch.values])


def test_series_shorter_than_a_model_needs_have_no_forecast() -> None:
    made = Doubled().predict_eligible(batch([1.0] * 17, [1.0] * 18, [1.0] * 19), 2)
    np.testing.assert_array_equal(made, [[np.nan] * 2, [2] * 2, [2] * 2])
    yearly = Doubled().predict_eligible(batch([1.0], [1.0, 2.0], frequency=YEARS), 1)
    np.testing.assert_array_equal(yearly, [[np.nan], [4.0]])
    assert np.isnan(Doubled().predict_eligible(batch([1.0] * 3), 2)).all()
    nothing = Doubled()
    nothing.seasons_needed = 0.0  # type: ignore[misc]
    np.testing.assert_array_equal(nothing.predict_eligible(batch([], [3.0]), 1), [[np.nan], [6.0]])


@pytest.mark.parametrize(
    ("step", "is_kept"), [(500.0, True), (-500.0, True), (500.1, False), (np.inf, False), (np.nan, False)]
)
def test_a_forecast_beyond_a_hundred_times_the_history_is_none(step: float, is_kept: bool) -> None:
    class Wild(Doubled):
        def predict(self, batch: Batch, horizon: int) -> np.ndarray:
            return np.array([[1.0, step]] * len(batch))

    made = Wild().predict_eligible(batch([1.0] * 17 + [-5.0]), 2)
    assert np.isnan(made).all() != is_kept and np.isnan(made).any() != is_kept

    class Zero(Wild):
        def predict(self, batch: Batch, horizon: int) -> np.ndarray:
            return np.array([[0.0, 0.0]] * len(batch))

    assert Zero().predict_eligible(batch([0.0] * 18), 2).tolist() == [[0, 0]]


def by_loop(series: list[np.ndarray], lags: int, horizon: int, season: int) -> np.ndarray:
    """Ridge regression as least squares with a row per weight; targets held at four standard deviations."""
    past, future = [], []
    for values in series:
        for start in range(len(values) - lags - horizon + 1):
            window = values[start : start + lags]
            centre = window[-season:].mean()
            spread = window.std() + 0.001 * abs(centre) + 1e-12
            past.append((window - centre) / spread)
            future.append(np.clip((values[start + lags : start + lags + horizon] - centre) / spread, -4, 4))
    ridge = np.sqrt(0.001 * len(past)) * np.eye(lags)
    return np.linalg.lstsq(np.vstack([past, ridge]), np.vstack([future, np.zeros((lags, horizon))]), rcond=None)[0]


def test_weights_of_lags_are_those_of_all_windows_of_all_series() -> None:
    draws = np.random.default_rng(1)
    series = [np.cumsum(draws.normal(0, 1, size)) + 20 for size in (60, 50, 6, 5)]
    series[0][40] += 30
    found = lags_linear.fit_weights(series, 4, 2, 2)
    assert found is not None
    np.testing.assert_allclose(found, by_loop(series[:3], 4, 2, 2), atol=1e-8)


@pytest.mark.parametrize(("size", "is_enough"), [(83, False), (84, True)])
def test_twenty_windows_per_lag_are_enough(size: int, is_enough: bool) -> None:
    values = np.random.default_rng(2).normal(0, 1, size)
    assert (lags_linear.fit_weights([values], 4, 1, 1) is not None) == is_enough


def test_positive_series_go_on_by_factors_and_others_by_amounts() -> None:
    """Years: four lags. Each of two growing by a tenth and two rising by one, and two too short or just long enough."""
    growth, rise = 1.1 ** np.arange(60), np.arange(60.0)
    made = lags_linear.LagsLinear().predict(
        batch(growth, 7 * growth, rise - 30, rise - 90, growth[:3], 5 * growth[:4], frequency=YEARS), 2
    )
    np.testing.assert_allclose(made[0], 1.1 ** np.array([60, 61]), rtol=0.01)
    np.testing.assert_allclose(made[1], 7 * made[0], rtol=1e-6)
    np.testing.assert_allclose(made[2], [30, 31], rtol=0.01)
    assert np.isnan(made[4]).all() and made[5] == pytest.approx(5 * 1.1 ** np.array([4, 5]), rel=0.01)


@pytest.mark.parametrize(("code", "lags"), [("MS", 24), ("QS", 8), ("YS", 4)])
def test_two_seasons_are_looked_back_and_four_periods_at_least(
    code: str, lags: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer windows than weights need there is no forecast."""
    asked: list[tuple[int, ...]] = []

    def fit(series: list[np.ndarray], *sizes: int) -> None:
        asked.append((len(series), *sizes))

    monkeypatch.setattr(lags_linear, "fit_weights", fit)
    of = batch(np.arange(1.0, lags + 1), np.arange(1.0, lags), frequency=Frequency(code))
    assert np.isnan(lags_linear.LagsLinear().predict(of, 3)).all()
    assert asked == [(1, lags, 3, Frequency(code).season), (0, lags, 3, Frequency(code).season)]


def test_a_window_is_centred_on_its_last_season() -> None:
    centre, spread = lags_linear._frame(np.array([[1.0, 3.0, 5.0, 7.0]]), 2)
    assert centre.tolist() == [[6.0]] and spread[0, 0] == pytest.approx(np.sqrt(5) + 0.006)
    weights = np.array([[0.0], [0.0], [0.0], [2.0]])
    assert lags_linear._ahead([np.array([9.0, 1, 3, 5, 7])], weights, 4, 2)[0, 0] == pytest.approx(8.0)


def test_a_row_of_the_forest_has_six_lags_a_season_ago_and_its_place_in_the_year() -> None:
    regressors = Regressors(("price",), 590, np.arange(20.0)[:, None])
    of = batch(YEAR, regressors=regressors)
    row = forest._row(np.array([99.0, *YEAR]), 601, of, 12)
    np.testing.assert_allclose(row, [*(np.array([12, 11, 10, 9, 8, 7, 1]) / 6.5), 601 % 12, 11])
    assert forest.factor_names(of) == [
        *(f"lag_{lag}" for lag in range(1, 7)),
        "lag_season",
        "period_of_season",
        "price",
    ]
    assert len(forest.factor_names(batch(YEAR))) == len(forest._row(YEAR, 1, batch(YEAR), 12)) == 8
    assert forest._size(np.array([-2.0, 4.0])) == 3 and forest._size(np.zeros(2)) == 1
    np.testing.assert_allclose(
        forest._row(YEAR, 2, batch(YEAR, frequency=YEARS), 1)[:7], np.array([12, 11, 10, 9, 8, 7, 12]) / 12
    )


class Trees:
    """Keeps what a forest is grown from, and answers one half more than usual."""

    feature_importances_ = np.full(8, 0.125)

    def __init__(self, trees: int, **settings: object) -> None:
        self.settings = {"trees": trees} | settings

    def fit(self, rows: np.ndarray, targets: np.ndarray) -> "Trees":
        self.rows, self.targets = rows, targets
        return self

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.full(len(rows), 1.5)


def test_the_forest_learns_every_period_with_a_season_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sklearn.ensemble.RandomForestRegressor", Trees)
    grown, names = forest.fitted(batch([*YEAR, 26.0, 13.0]))
    assert grown.settings == {
        "trees": 100,
        "min_samples_leaf": 5,
        "max_features": 0.5,
        "random_state": 20240229,
        "n_jobs": 1,
    }
    np.testing.assert_allclose(grown.targets, [26 / 6.5, 13 / ((78 - 1 + 26) / 12)])
    assert grown.rows[:, 7].tolist() == [599 % 12, 600 % 12] and len(names) == 8
    yearly, _ = forest.fitted(batch(YEAR, frequency=YEARS))
    assert len(yearly.targets) == 6, "six lags are needed though a season is one year"
    assert forest.importance(batch([*YEAR, 13.0]))["lag_1"] == 0.125


def test_a_forest_s_forecast_is_the_next_step_s_last_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sklearn.ensemble.RandomForestRegressor", Trees)
    made = forest.Forest().predict(batch([2.0] * 13, frequency=MONTHS), 2)
    np.testing.assert_allclose(made, [[3.0, 1.5 * (11 * 2 + 3) / 12]])
