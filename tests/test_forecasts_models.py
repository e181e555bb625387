"""What every model of the registry promises, whatever it is given."""

import numpy as np
import pytest

from forecasts.base import Model, model, registry
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency

HORIZON = 6
KINDS = ("usual", "constant", "zeros", "point", "short", "gappy", "huge", "tiny", "negative", "intermittent")
SLOW = {"arima", "ces", "prophet_stock", "forest"}  # given fewer series: they cost a second each
# Kinds for which a model has no forecast; every other NaN fails. By default what has no two seasons of history.
TOO_SHORT = {"point", "short"}
SILENT: dict[str, set[str]] = {
    **{name: set() for name in ("arima", "ces", "ets_batch", "imapa", "naive", "ses", "tsb")},
    **{name: {"short"} for name in ("dot", "ets", "theta")},  # a point is carried on, three values are no trend
    **{name: {"point"} for name in ("prophet", "prophet_damped", "prophet_stock", "forest")},
    "lags_linear": set(KINDS),  # ten series are too few windows to fit weights: see the crowd below
}
FAR = {
    ("prophet", "short"),
    ("prophet_damped", "short"),
}  # three values make a trend; the pool never asks


def series(freq: str) -> dict[str, np.ndarray]:
    """One series of every kind that arrives in practice."""
    season = Frequency(freq).season
    steps = np.arange(3 * season)
    noise = np.random.default_rng(7).normal(0, 3, len(steps))
    usual = 100 + steps * 0.5 + 20 * np.sin(2 * np.pi * steps / season) + noise
    gappy = usual.copy()
    gappy[[3, 4, season + 1]] = np.nan
    return {
        "usual": usual,
        "constant": np.full(len(steps), 42.0),
        "zeros": np.zeros(len(steps)),
        "point": np.array([5.0]),
        "short": usual[:3],
        "gappy": gappy,
        "huge": usual * 1e12,
        "tiny": usual * 1e-9,
        "negative": usual - 100,
        "intermittent": np.where(steps % 5 == 0, 7.0, 0.0),
    }


def batch_of_kinds(kinds: list[str], freq: str) -> Batch:
    values = tuple(series(freq)[kind] for kind in kinds)
    return Batch(tuple(kinds), values, np.full(len(kinds), 600), Frequency(freq))


@pytest.fixture(params=sorted(registry()))
def any_model(request: pytest.FixtureRequest) -> Model:
    return model(request.param)


def kinds_for(any_model: Model) -> list[str]:
    assert tuple(series("MS")) == KINDS
    return ["usual", "constant", "point"] if any_model.name in SLOW else list(KINDS)


def test_every_model_answers_near_the_level_of_what_it_may_forecast(any_model: Model) -> None:
    """One row per series in the batch's order, all numbers or all NaN, and NaN only where the model says so."""
    kinds = kinds_for(any_model)
    forecasts = any_model.predict_eligible(batch_of_kinds(kinds, "MS"), HORIZON)
    assert forecasts.shape == (len(kinds), HORIZON)
    silent = {kind for kind, row in zip(kinds, forecasts, strict=True) if np.isnan(row).any()}
    assert silent == SILENT.get(any_model.name, TOO_SHORT) & set(kinds)
    for kind, row in zip(kinds, forecasts, strict=True):
        past = series("MS")[kind]
        lowest, highest = np.nanmin(past), np.nanmax(past)
        reach = highest - lowest + 0.01 * abs(highest)  # six months of any of these trends are less than its range
        if kind not in silent and (any_model.name, kind) not in FAR:
            assert np.isfinite(row).all()
            assert (row >= lowest - reach).all() and (row <= highest + reach).all(), f"{kind}: {row} after {past[-12:]}"


def test_a_model_that_learns_across_series_answers_in_a_crowd() -> None:
    """With thirty series it has enough rows to learn from: silence in a small batch is no excuse here."""
    steps = np.arange(72)
    panel = tuple(100 * (row + 1) + 10 * np.sin(2 * np.pi * steps / 12) for row in range(30))
    batch = Batch(tuple(f"s{row:02d}" for row in range(30)), panel, np.full(30, 600), Frequency("MS"))
    for name in (name for name, kind in registry().items() if kind.learns_across_series):
        forecasts = model(name).predict_eligible(batch, HORIZON)
        levels = 100.0 * np.arange(1, 31)[:, None]
        assert np.isfinite(forecasts).all(), name
        assert (np.abs(forecasts - levels) < 0.5 * levels).all(), name


def test_every_model_knows_a_constant(any_model: Model) -> None:
    forecasts = any_model.predict_eligible(batch_of_kinds(["constant"], "MS"), HORIZON)
    if "constant" not in SILENT.get(any_model.name, TOO_SHORT):
        np.testing.assert_allclose(forecasts, 42.0, rtol=1e-3)


def test_every_model_is_deterministic_and_blind_to_its_neighbours(any_model: Model) -> None:
    """The same series gives the same forecast twice; models that learn across series are the stated exception."""
    batch = batch_of_kinds(kinds_for(any_model), "MS")
    first, second = (any_model.predict_eligible(batch, HORIZON) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    if not any_model.learns_across_series:
        alone = any_model.predict_eligible(batch.take([0]), HORIZON)
        np.testing.assert_allclose(alone[0], first[0], rtol=1e-9)


def test_no_model_sees_past_the_cutoff(any_model: Model) -> None:
    """What is cut off may be changed without changing the forecast."""
    batch = batch_of_kinds(["usual"], "MS")
    changed = Batch(("usual",), (np.concatenate([batch.values[0][:-5], np.full(5, 1e6)]),), batch.last, batch.frequency)
    held = np.array([5])
    forecasts = [any_model.predict_eligible(history.without_last(held), HORIZON) for history in (batch, changed)]
    np.testing.assert_array_equal(*forecasts)


@pytest.mark.parametrize("freq", ["W-MON", "QS", "D", "445-JAN"])
def test_every_cheap_model_forecasts_every_frequency(any_model: Model, freq: str) -> None:
    if any_model.name in SLOW:
        pytest.skip("shown on months")
    forecasts = any_model.predict_eligible(batch_of_kinds(["usual", "gappy"], freq), HORIZON)
    assert forecasts.shape == (2, HORIZON)
    assert (np.isnan(forecasts).all(axis=1) | np.isfinite(forecasts).all(axis=1)).all()


@pytest.mark.parametrize("name", ["dot", "ets_batch", "mstl_theta", "prophet_damped", "prophet", "lags_linear"])
def test_models_of_the_default_tier_find_a_season_that_is_there(name: str) -> None:
    """On a clean seasonal series the error is far below the swing of the season."""
    steps = np.arange(72)
    truth = 100 + 20 * np.sin(2 * np.pi * steps / 12)
    panel = tuple(truth[:60] + np.random.default_rng(row).normal(0, 1, 60) for row in range(30))
    batch = Batch(tuple(f"s{row:02d}" for row in range(30)), panel, np.full(30, 600), Frequency("MS"))
    forecasts = model(name).predict_eligible(batch, 12)
    assert np.abs(forecasts - truth[60:]).mean() < 4


@pytest.mark.parametrize("season", [12, 52], ids=["months", "weeks"])
def test_decomposed_theta_has_the_numbers_of_the_library_s_own_decomposition(season: int) -> None:
    from forecasts.engines.statsforecast import estimators
    from forecasts.models.mstl_theta import Decomposed, jumps

    library, times = estimators(), np.arange(3 * season + 5)
    values = (
        50 + 0.1 * times + 8 * np.sin(times * 2 * np.pi / season) + np.random.default_rng(9).normal(0, 1, len(times))
    )
    theta = library.Theta(season_length=1)
    whole = library.MSTL(season_length=season, trend_forecaster=theta, stl_kwargs=jumps(season))
    expected = whole.forecast(values, season + 3)["mean"]
    forecasts = Decomposed(library.Theta(season_length=1), season).forecast(values, season + 3)["mean"]
    assert np.allclose(forecasts, expected, rtol=1e-12)


NEEDS = {  # seasons of history, and whether regressors and other series are learnt from; of the rest none of it
    **dict.fromkeys(("ets_bagged", "mstl", "mstl_theta"), (2.0, False, False)),
    **dict.fromkeys(("season_mean", "seasonal_naive"), (1.0, False, False)),
    **dict.fromkeys(("prophet", "prophet_damped"), (0.0, True, False)),
    "prophet_stock": (1.0, True, False),
    "forest": (2.0, True, True),
    "lags_linear": (2.0, False, True),
}


def test_every_model_says_what_it_needs_and_uses(any_model: Model) -> None:
    says = (any_model.seasons_needed, any_model.uses_regressors, any_model.learns_across_series)
    assert says == NEEDS.get(any_model.name, (0.0, False, False))
    if any_model.name not in SLOW:
        assert any_model.predict(batch_of_kinds(["constant"], "MS"), 2).shape == (1, 2)
