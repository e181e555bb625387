"""The batch engine against stock Prophet (Stan) and prophet-batch: same model, never a worse optimum."""

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from prophet_map_series import panel, sales

from forecasts.prophet_map import fit, fit_predict
from pipelines.bench.prophet_oracle import fit_with_stan

NATS = 1e-6  # how much worse than Stan the objective may be
LAST_SEEN = date(2030, 1, 1)


@pytest.fixture(scope="module")
def prophet() -> Any:
    """Prophet without its notices."""
    logging.getLogger("prophet.plot").disabled = True
    import prophet

    logging.getLogger("prophet").disabled = True
    logging.getLogger("cmdstanpy").disabled = True
    return prophet


def rich(prophet: Any) -> Any:
    """Mixed modes, a custom and two conditional seasonalities, regressors of every kind, windows around holidays."""
    days = pd.to_datetime(["2015-02-19", "2016-02-08", "2017-01-28"])
    festival = pd.DataFrame(
        {"holiday": "festival", "ds": days, "lower_window": -1, "upper_window": 2, "prior_scale": 4.0}
    )
    model = prophet.Prophet(holidays=festival, holidays_mode="multiplicative", weekly_seasonality=False)
    model.add_country_holidays("CN")
    model.add_seasonality("monthly", 30.5, 3, prior_scale=2, mode="multiplicative")
    model.add_seasonality("busy", 7, 2, condition_name="is_busy")
    model.add_regressor("price", mode="multiplicative", prior_scale=0.5)
    model.add_regressor("campaign")
    return model.add_regressor("plain", standardize=False)


def with_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that `rich` reads, as functions of the date."""
    day = pl.col("ds").cast(pl.Date).cast(pl.Int32)
    return frame.with_columns(
        is_busy=(day % 60 < 30),
        price=(day * 0.01).sin() * 3 + 9,
        campaign=(day % 11 == 0) * 1.0,
        plain=(day * 0.05).cos(),
    )


SPECIFICATIONS: dict[str, Callable[[Any], Any]] = {
    "default": lambda p: p.Prophet(),
    "multiplicative": lambda p: p.Prophet(seasonality_mode="multiplicative"),
    "flat": lambda p: p.Prophet(growth="flat"),
    "no changepoints": lambda p: p.Prophet(n_changepoints=0),
    "given changepoints": lambda p: p.Prophet(changepoints=["2016-06-01", "2015-09-01"], changepoint_prior_scale=0.5),
    "minmax": lambda p: p.Prophet(scaling="minmax", yearly_seasonality=4),
    "rich": rich,
}


def history_for(name: str) -> pl.DataFrame:
    return with_columns(sales(400, freq="3d", seed=1)) if name == "rich" else sales(70, seed=1)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_design_is_prophets_and_objective_is_never_worse(name: str, prophet: Any) -> None:
    history = history_for(name)
    stan = fit_with_stan(history.drop("unique_id"), lambda: SPECIFICATIONS[name](prophet))
    fitted = fit(history, SPECIFICATIONS[name](prophet))
    design = fitted.solutions[0].stack.design
    assert np.array_equal(np.asarray(stan.inputs["X"], float), design.X[0])
    assert np.array_equal(np.asarray(stan.inputs["t"], float), design.t[0])
    assert np.array_equal(stan.inputs["sigmas"], design.layout.prior_scales)
    assert np.array_equal(stan.inputs["s_m"], design.layout.is_multiplicative)
    if name != "flat":
        assert np.array_equal(stan.inputs["t_change"], design.changepoints[0])
    assert fitted.parameters()["objective"].item() <= stan.objective + NATS


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_prophet_with_our_parameters_predicts_the_same_components(name: str, prophet: Any) -> None:
    history = history_for(name)
    model = SPECIFICATIONS[name](prophet)
    model.uncertainty_samples = 0
    model.fit(history.drop("unique_id").to_pandas())
    solution = fit(history, SPECIFICATIONS[name](prophet)).solutions[0]
    zeros = np.zeros((1, len(model.changepoints_t)))
    model.params |= {
        "k": solution.theta[:1, :1],
        "m": solution.theta[:1, 1:2],
        "delta": solution.delta if solution.delta.size else zeros,
        "beta": solution.theta[:, 2:],
    }
    freq = "3D" if name == "rich" else "MS"
    future_frame = pl.from_pandas(model.make_future_dataframe(15, freq, include_history=False))
    theirs = model.predict(with_columns(future_frame).to_pandas())
    ours = fit_predict(
        history, SPECIFICATIONS[name](prophet), 15, freq, future=with_columns(future_frame), components=True
    )
    shared = [column for column in ours.columns if column in theirs.columns and column != "ds"]
    assert {"yhat", "trend", "additive_terms", "multiplicative_terms"} <= set(shared)
    for column in shared:
        assert np.allclose(ours[column].to_numpy(), theirs[column].to_numpy(), rtol=1e-9, atol=1e-9), column


@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_forecasts_equal_prophet_batch(mode: str, prophet: Any) -> None:
    import prophet_batch

    history = panel(6, 72, seed=20)
    theirs = prophet_batch.forecast_many(
        history.to_pandas(), 12, freq="MS", include_history=False, seed=0, columns=["ds", "yhat"], seasonality_mode=mode
    )
    ours = fit_predict(history, prophet.Prophet(seasonality_mode=mode), 12, "MS")
    assert np.allclose(ours["yhat"].to_numpy(), theirs["yhat"].to_numpy(), rtol=1e-5)


def test_intervals_are_those_prophet_simulates(prophet: Any) -> None:
    history = sales(70, seed=5)
    model = prophet.Prophet(uncertainty_samples=20_000)
    model.fit(history.drop("unique_id").to_pandas())
    solution = fit(history).solutions[0]
    model.params |= {"delta": solution.delta, "sigma_obs": solution.sigma[:, None]}
    np.random.seed(0)
    theirs = model.predict(model.make_future_dataframe(12, "MS", include_history=False))
    ours = fit_predict(history, None, 12, "MS")
    width = (theirs["yhat_upper"] - theirs["yhat_lower"]).to_numpy()
    assert np.allclose((ours["hi_80"] - ours["lo_80"]).to_numpy(), width, rtol=0.03)


def test_saturating_growth_goes_to_stock_prophet_and_says_so(prophet: Any) -> None:
    history = panel(2, 40).with_columns(cap=pl.lit(400.0))
    empty = sales(3, key="empty").with_columns(y=pl.lit(None, pl.Float64), cap=pl.lit(400.0))
    future_frame = pl.DataFrame({"ds": pl.date_range(date(2015, 1, 1), LAST_SEEN, "1mo", eager=True), "cap": 400.0})
    model = prophet.Prophet(growth="logistic", uncertainty_samples=200)
    first = fit_predict(pl.concat([history, empty]), model, 3, "MS", future=future_frame)
    assert first["engine"].to_list() == ["prophet"] * 6 + ["none"] * 3
    assert first["yhat"].null_count() == 3
    assert (first["lo_95"] <= first["lo_80"]).all() and (first["hi_80"] <= first["hi_95"]).all()
    again = fit_predict(pl.concat([history, empty]), model, 3, "MS", future=future_frame)
    assert first.equals(again)


def test_times_of_day_follow_prophet(prophet: Any) -> None:
    days = pl.datetime_range(datetime(2020, 1, 1), datetime(2020, 1, 31), "3h", eager=True)
    history = pl.DataFrame({"unique_id": "h", "ds": days, "y": np.sin(np.arange(len(days)) / 4 * np.pi) + 5})
    history = history.with_columns(y=pl.col("y") + pl.Series(np.random.default_rng(0).normal(0, 0.2, len(days))))
    stan = fit_with_stan(history.drop("unique_id"), prophet.Prophet)
    fitted = fit(history)
    assert np.array_equal(np.asarray(stan.inputs["X"], float), fitted.solutions[0].stack.design.X[0])
    assert fitted.parameters()["objective"].item() <= stan.objective + NATS


@pytest.mark.real
@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_objective_is_never_worse_than_stans_on_real_series(mode: str, prophet: Any, datasets) -> None:
    history = pl.read_parquet(datasets / "forecast" / "m3_monthly_train.parquet")
    keys = history["unique_id"].unique(maintain_order=True).gather_every(90)
    history = history.filter(pl.col("unique_id").is_in(keys.implode()))
    objectives = fit(history, prophet.Prophet(seasonality_mode=mode)).parameters()
    for key, ours in objectives.select("unique_id", "objective").iter_rows():
        series = history.filter(unique_id=key).drop("unique_id")
        theirs = fit_with_stan(series, lambda: prophet.Prophet(seasonality_mode=mode)).objective
        assert ours <= theirs + NATS, key


def test_a_part_sold_three_times_gets_the_better_of_its_modes(prophet: Any) -> None:
    """From Prophet's own start, Gauss-Newton ends 7 nats above the mode that Stan finds on such a series."""
    days = pl.date_range(date(1998, 1, 1), date(2001, 9, 1), "1mo", eager=True)
    y = [1.0 if place in (0, 4, 33) else 0.0 for place in range(len(days))]
    history = pl.DataFrame({"unique_id": "part", "ds": days, "y": y})
    stan = fit_with_stan(history.drop("unique_id"), lambda: SPECIFICATIONS["multiplicative"](prophet))
    ours = fit(history, SPECIFICATIONS["multiplicative"](prophet)).parameters()
    assert ours["objective"].item() <= stan.objective + NATS
    assert ours["sigma"].item() > 1e-3, "a model that goes through every point is no better mode"


@pytest.mark.parametrize("seed", range(4))
def test_spare_parts_get_a_mode_no_worse_than_stans(seed: int, prophet: Any) -> None:
    """A few sales in 51 months: the posterior has several modes, and Stan's way must not lead to a better one."""
    random = np.random.default_rng(seed)
    days = pl.date_range(date(1998, 1, 1), date(2002, 3, 1), "1mo", eager=True)
    y = random.poisson(0.25, 51) * random.integers(1, 4, 51) * 1.0
    history = pl.DataFrame({"unique_id": "part", "ds": days, "y": y})
    stan = fit_with_stan(history.drop("unique_id"), lambda: SPECIFICATIONS["multiplicative"](prophet))
    ours = fit(history, SPECIFICATIONS["multiplicative"](prophet)).parameters()
    assert ours["objective"].item() <= stan.objective + NATS
