"""Parts of bagged smoothing, aggregation and Prophet's variants by hand: draws, splits, levels, regressors."""

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecasts.base import model
from forecasts.models import ets_bagged, imapa, prophet_damped, prophet_stock
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast


def of_one(series: list[float], code: str = "MS", regressors: Regressors | None = None) -> Batch:
    return Batch(("a",), (np.array(series),), np.array([600]), Frequency(code), regressors)


def test_remainders_are_drawn_in_blocks_of_two_seasons() -> None:
    """Of 60 months blocks of 24 in a row, the first cut; of 20 half of them; of years eight at least."""
    for length, season, block in ((60, 12, 24), (20, 12, 10), (60, 1, 8), (60, 4, 8), (60, 5, 10), (1, 12, 1)):
        draws = ets_bagged._block_draws(length, season)
        assert draws.shape == (8, length) and draws.min() >= 0 and draws.max() < length
        for row in draws:
            breaks = np.flatnonzero(np.diff(row) != 1) + 1
            runs = np.diff([0, *breaks, length])
            assert (runs[1:-1] % block == 0).all() and runs[0] % block <= block and len(runs) >= length // block - 1
    assert (ets_bagged._block_draws(60, 12) == ets_bagged._block_draws(60, 12)).all()
    assert len({int(row[0]) for row in ets_bagged._block_draws(60, 12)}) > 4
    assert ets_bagged._block_draws(60, 12).max() == 59, "the newest value is drawn as well"


def test_a_series_is_split_by_season_where_it_has_two() -> None:
    wave = np.tile([0.0, 0, 3, 0], 6) + np.arange(24)
    trend_season, remainder = ets_bagged._decompose(wave, 4)
    np.testing.assert_allclose(trend_season + remainder, wave)
    assert np.abs(remainder).max() < 0.01
    for values, season in ((wave[:7], 4), (wave, 1)):
        np.testing.assert_allclose(sum(ets_bagged._decompose(values, season)), values)
    assert np.abs(ets_bagged._decompose(wave, 1)[1]).max() > 0.5, "no season is taken out of years"
    assert np.abs(ets_bagged._decompose(wave[:7], 4)[1]).max() < 1e-12, "a line through neighbours"
    assert np.abs(ets_bagged._decompose(wave[:8], 4)[1]).max() < 0.01


def test_a_bagged_forecast_is_the_median_of_nine_versions_in_units_of_the_series(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs: list[bool] = []

    def answer(transformed: np.ndarray, is_log: bool, season: int, horizon: int) -> np.ndarray:
        logs.append(is_log)
        return np.full(horizon, float(len(logs) % 9))

    monkeypatch.setattr(ets_bagged, "_forecast", answer)
    values = np.array([1.0, 3.0] * 12)
    assert ets_bagged._median_of_versions(values, 12, 2).tolist() == [8, 8] and logs == [True] * 9
    with_zero = np.array([0.0, 4.0] * 12)
    assert ets_bagged._median_of_versions(with_zero, 12, 2).tolist() == [8, 8] and logs[9:] == [False] * 9
    assert ets_bagged._median_of_versions(np.full(30, 7.0), 12, 2).tolist() == [7, 7] and len(logs) == 18


def test_a_version_is_smoothed_in_units_of_its_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []

    def smooth(series: np.ndarray, season: int, horizon: int) -> np.ndarray:
        seen.append(series)
        return np.full(horizon, series[-1])

    monkeypatch.setattr("forecasts.engines.smoothing.smooth", smooth)
    assert ets_bagged._forecast(np.log([1.0, 3.0]), True, 1, 2).tolist() == pytest.approx([3, 3])
    assert ets_bagged._forecast(np.array([-1.0, 3.0]), False, 1, 1).tolist() == [3]
    assert ets_bagged._forecast(np.zeros(2), False, 1, 1).tolist() == [0]
    assert model("ets_batch").predict(of_one([2.0, 6.0]), 2).tolist() == [[6, 6]] and seen.pop().tolist() == [0.5, 1.5]
    assert [one.tolist() for one in seen[1:]] == [[-0.5, 1.5], [0, 0]] and seen[0].tolist() == pytest.approx([0.5, 1.5])


def test_a_level_is_the_mean_over_sums_of_up_to_the_usual_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """9, 0, 4, 0, 4: gaps of 1, 2 and 2. One by one the mean is 3.4; in pairs, without the oldest, 4 and 4: 2."""

    def smoothed(values: np.ndarray, lowest: float, highest: float) -> float:
        assert (lowest, highest) == (0.1, 0.3)
        return float(values.mean())

    monkeypatch.setattr("forecasts.engines.level_smoothing.smoothed", smoothed)
    assert imapa._mean_level(np.array([9.0, 0, 4, 0, 4])) == pytest.approx(2.7)
    assert imapa._mean_level(np.array([5.0, 6.0])) == 5.5 and imapa._mean_level(np.array([4.0])) == 4
    assert imapa._mean_level(np.array([0.0, 0, 6, 0, 0, 6])) == pytest.approx(2.0)


def test_simple_smoothing_may_weigh_the_newest_value_by_nearly_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def smoothed(values: np.ndarray, lowest: float, highest: float) -> float:
        asked.append((lowest, highest))
        return float(values.max())

    monkeypatch.setattr("forecasts.engines.level_smoothing.smoothed", smoothed)
    assert model("ses").predict(of_one([1.0, 3.0]), 2).tolist() == [[3, 3]] and asked == [(0.01, 0.99)]


def test_the_last_level_is_smoothed_as_would_have_foretold_the_residuals_best() -> None:
    """A step is followed at once; noise hardly: by a twentieth of each miss."""
    assert prophet_damped.last_level(np.full(6, 4.0)) == 4
    noise = np.array([1.0, -1.0] * 20)
    level = 0.0
    for value in noise:
        level += 0.05 * (value - level)
    assert prophet_damped.last_level(noise) == pytest.approx(level)
    assert prophet_damped.last_level(np.zeros(0)) == 0


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0])
def test_of_eight_shares_the_one_that_missed_least_is_taken(share: float) -> None:
    """Residuals whose level moves by so much of each shock."""
    shocks = np.random.default_rng(3).normal(0, 1, 500)
    walk = shocks + share * np.concatenate([[0], np.cumsum(shocks)[:-1]])
    told = []
    for alpha in (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0):
        level, error = 0.0, 0.0
        for value in walk:
            error += (value - level) ** 2
            level += alpha * (value - level)
        told.append((error, level, alpha))
    assert prophet_damped.last_level(walk) == pytest.approx(min(told)[1]) and min(told)[2] == share


def test_a_slope_fades_by_a_fifth_with_every_step() -> None:
    made = prophet_damped.damped(np.array([[10.0, 11.0, 12.0, 13.0]]))
    np.testing.assert_allclose(made, [[10, 10.8, 11.44, 11.952]])


def test_damped_prophet_keeps_season_and_effects_and_shifts_the_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trend 10, 11 fades to 10, 10.8; a factor of a tenth, 2 added, and residuals that were 3 throughout."""
    asked: list[int] = []

    def fit(_: Batch, horizon: int) -> SimpleNamespace:
        asked.append(horizon)
        trend = 10.0 + np.arange(horizon)[None, :]
        return SimpleNamespace(trend=trend, factor=0.1, addend=2.0, residuals=[np.full(4, 3.0)])

    monkeypatch.setattr("forecasts.engines.prophet_forms.fit_better_form", fit)
    damped = model("prophet_damped")
    np.testing.assert_allclose(damped.predict(of_one([1.0]), 2), [[10 * 1.1 + 5, 10.8 * 1.1 + 5]])
    assert damped.predict(of_one([1.0]), 1).shape == (1, 1) and asked == [2, 2], "a slope needs two steps"


class Asked:
    """In place of Prophet: keeps what it is given and says the number of its rows."""

    def __init__(self, fails: type[Exception] | None = None) -> None:
        self.fails = fails

    def fit(self, frame: Any) -> "Asked":
        self.frame = frame
        if self.fails:
            raise self.fails("no fit")
        return self

    def predict(self, ahead: Any) -> Any:
        self.ahead = ahead
        return ahead.assign(yhat=np.arange(float(len(ahead))))


def test_prophet_is_given_every_period_and_its_regressors_and_asked_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The newest value is that of January 2020, period 600."""
    made = Asked()
    monkeypatch.setattr(prophet_stock, "specification", lambda _: made)
    price = Regressors(("price",), 598, np.arange(10.0)[:, None])
    assert prophet_stock._fit_one(of_one([4.0, 5.0, 6.0], regressors=price), 0, 2).tolist() == [0, 1]
    assert [str(day)[:10] for day in made.frame["ds"]] == ["2019-11-01", "2019-12-01", "2020-01-01"]
    assert made.frame["y"].tolist() == [4, 5, 6] and made.frame["price"].tolist() == [0, 1, 2]
    assert [str(day)[:10] for day in made.ahead["ds"]] == ["2020-02-01", "2020-03-01"]
    assert made.ahead["price"].tolist() == [3, 4]


@pytest.mark.parametrize("fails", [RuntimeError, ValueError])
def test_a_series_that_prophet_cannot_fit_has_no_forecast(
    fails: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prophet_stock, "specification", lambda _: Asked(fails))
    assert np.isnan(prophet_stock._fit_one(of_one([4.0, 5.0]), 0, 2)).all()


def test_prophet_is_asked_for_a_year_and_of_days_for_a_week() -> None:
    of_days = prophet_stock.specification(of_one([1.0], "D"))
    assert (of_days.yearly_seasonality, of_days.weekly_seasonality, of_days.daily_seasonality) == (True, True, False)
    priced = prophet_stock.specification(of_one([1.0], regressors=Regressors(("price",), 600, np.ones((1, 1)))))
    assert (priced.weekly_seasonality, priced.uncertainty_samples) == (False, 0)
    assert list(priced.extra_regressors) == ["price"] and priced.extra_regressors["price"]["standardize"] is False
    assert prophet_stock.specification(of_one([1.0], "B")).weekly_seasonality


def test_regressors_are_given_by_name_for_the_periods_asked_for() -> None:
    both = Regressors(("price", "days"), 590, np.column_stack([np.arange(20.0), -np.arange(20.0)]))
    told = prophet_stock._columns(both, np.array([595, 596, 597]))
    assert {name: values.tolist() for name, values in told.items()} == {"price": [5, 6, 7], "days": [-5, -6, -7]}
    assert prophet_stock._columns(None, np.array([1])) == {}


def test_a_series_of_one_value_is_not_given_to_prophet() -> None:
    assert np.isnan(prophet_stock._fit_one(of_one([np.nan, 5.0]), 0, 3)).tolist() == [True] * 3


def test_prophet_is_quiet_while_it_fits_and_heard_again_afterwards() -> None:
    loggers = [logging.getLogger(name) for name in ("prophet", "cmdstanpy", "prophet.plot")]
    with pytest.raises(ValueError, match="stop"), prophet_stock.quiet():
        assert all(logger.disabled for logger in loggers)
        raise ValueError("stop")
    assert not any(logger.disabled for logger in loggers)
