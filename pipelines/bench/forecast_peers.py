"""The peers that the forecast tiers are measured against, each fitted the way its own manual shows."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from forecasts.panel.frequency import Frequency
from pipelines.bench.forecast_sets import Holdout
from pipelines.errors import AlmanacError

BOUNDS = {"lo-80": "lo_80", "hi-80": "hi_80", "lo-95": "lo_95", "hi-95": "hi_95"}


def forecast_with(name: str, holdout: Holdout) -> pl.DataFrame:
    """`unique_id, ds, yhat` and bounds of one peer for every series of the holdout."""
    if name == "prophet_stock":
        return _forecast_each(holdout, _stock_prophet(holdout))
    if name == "prophet_batch":
        return _prophet_batch(holdout)
    import statsforecast.models as sf

    season = Frequency(holdout.freq).season
    makers: dict[str, Callable[[], Any]] = {
        "seasonal_naive": lambda: sf.SeasonalNaive(season_length=season),
        "theta": lambda: sf.AutoTheta(season_length=season),
        "dot": lambda: sf.DynamicOptimizedTheta(season_length=season),
        "ets": lambda: sf.AutoETS(season_length=season),
        "ces": lambda: sf.AutoCES(season_length=season),
        "arima": lambda: sf.AutoARIMA(season_length=season),
    }
    if name not in makers:
        raise AlmanacError(f"peer {name!r} is none of prophet_stock, prophet_batch, {', '.join(makers)}")
    return _forecast_each(holdout, lambda ds, y: _statsforecast(makers[name](), y, holdout.horizon))


def median_of(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The median of the peers' forecasts; their intervals cannot be combined, so it has none."""
    stacked = pl.concat(parts).group_by("unique_id", "ds").agg(pl.col("yhat").median())
    return stacked.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in BOUNDS.values())


def _forecast_each(
    holdout: Holdout, forecast: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]
) -> pl.DataFrame:
    dates = holdout.test.sort("unique_id", "ds").partition_by("unique_id", as_dict=True)
    frames = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for (unique_id,), rows in holdout.train.sort("unique_id", "ds").partition_by("unique_id", as_dict=True).items():
            columns = forecast(rows["ds"].to_numpy(), rows["y"].to_numpy().astype(float))
            frame = pl.DataFrame({"ds": dates[(unique_id,)]["ds"], **columns})
            frames.append(frame.select(pl.lit(unique_id).alias("unique_id"), pl.all()))
    return pl.concat(frames)


def _statsforecast(estimator: Any, y: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
    try:
        result = estimator.forecast(np.ascontiguousarray(y), horizon, level=[80, 95])
    except Exception:  # a peer that cannot fit a series has no forecast of it, and the table counts that
        result = dict.fromkeys(["mean", *BOUNDS], np.full(horizon, np.nan))
    named = {ours: np.asarray(result[theirs], dtype=float) for theirs, ours in BOUNDS.items()}
    return {"yhat": np.asarray(result["mean"], dtype=float), **named}


def _stock_prophet(holdout: Holdout) -> Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
    import pandas as pd

    from forecasts.models.prophet_stock import quiet

    with quiet():
        from prophet import Prophet

    def forecast(ds: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        ahead = Frequency(holdout.freq)
        future = ahead.starts(ahead.index(ds[-1:]) + np.arange(1, holdout.horizon + 1))
        bounds: dict[str, np.ndarray] = {}
        with quiet():
            fitted = Prophet(interval_width=0.95).fit(pd.DataFrame({"ds": ds, "y": y}))
            frame = pd.DataFrame({"ds": future})
            samples = fitted.predictive_samples(frame)["yhat"]
            for level in (80, 95):
                low, high = np.quantile(samples, [0.5 - level / 200, 0.5 + level / 200], axis=1)
                bounds |= {f"lo_{level}": low, f"hi_{level}": high}
            return {"yhat": fitted.predict(frame)["yhat"].to_numpy(), **bounds}

    return forecast


def _prophet_batch(holdout: Holdout) -> pl.DataFrame:
    """All series in one call, as the package is meant to be used; its second call gives the other interval."""
    from forecasts.engines.prophet_forms import pandas_freq
    from forecasts.models.prophet_stock import quiet

    with quiet():
        import prophet_batch

        frame, freq = holdout.train.to_pandas(), pandas_freq(Frequency(holdout.freq))
        forecasts = {
            level: prophet_batch.forecast_many(
                frame, holdout.horizon, freq=freq, include_history=False, seed=0, interval_width=level / 100
            )
            for level in (80, 95)
        }
    rows = pl.from_pandas(forecasts[80][["unique_id", "ds", "yhat", "yhat_lower", "yhat_upper"]])
    rows = rows.rename({"yhat_lower": "lo_80", "yhat_upper": "hi_80"})
    wide = pl.from_pandas(forecasts[95][["yhat_lower", "yhat_upper"]]).rename(
        {"yhat_lower": "lo_95", "yhat_upper": "hi_95"}
    )
    return pl.concat([rows, wide], how="horizontal").with_columns(
        pl.col("unique_id").cast(pl.String), pl.col("ds").cast(holdout.test.schema["ds"])
    )
