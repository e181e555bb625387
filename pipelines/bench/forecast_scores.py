"""How a forecast is scored against a holdout, and what it cost."""

import resource
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from pipelines.bench.forecast_sets import Holdout

COLUMNS = ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95"]


def timed(work: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, float]:
    """What the work returns, and the CPU seconds of this process and its children."""
    before = _cpu()
    result = work()
    return result, _cpu() - before


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(entry.ru_utime + entry.ru_stime for entry in usage)


def scores(holdout: Holdout, forecasts: pl.DataFrame, seconds: float) -> dict[str, Any]:
    """The figures of one forecast against the holdout; series without a forecast are counted, not scored."""
    from forecasts.backtesting import metrics
    from forecasts.panel.frequency import Frequency

    season, steps = Frequency(holdout.freq).season, holdout.horizon
    table = holdout.test.sort("unique_id", "ds").join(forecasts.select(COLUMNS), on=["unique_id", "ds"], how="left")
    array = {name: table[name].to_numpy().astype(float).reshape(-1, steps) for name in ["y", *COLUMNS[2:]]}
    past = holdout.train.sort("unique_id", "ds").group_by("unique_id", maintain_order=True).agg("y")["y"]
    scale = np.array([metrics.scale_of(y.to_numpy().astype(float), season) for y in past])
    squared = np.array([metrics.squared_scale_of(y.to_numpy().astype(float)) for y in past])
    y, yhat = array["y"], array["yhat"]
    figures = {
        "smape": metrics.smape(y, yhat),
        "mase": metrics.mase(y, yhat, scale),
        "rmsse": metrics.rmsse(y, yhat, squared),
        "bias": metrics.bias(y, yhat),
        "coverage_80": metrics.coverage(y, array["lo_80"], array["hi_80"]),
        "coverage_95": metrics.coverage(y, array["lo_95"], array["hi_95"]),
        "msis_95": metrics.msis(y, array["lo_95"], array["hi_95"], scale),
    }
    means = {name: _rounded(values) for name, values in figures.items()}
    unanswered = int(np.isnan(yhat).any(axis=1).sum())
    return {"series": len(y), "cpu_s_per_series": round(seconds / len(y), 5), **means, "unanswered": unanswered}


def _rounded(values: np.ndarray) -> float | None:
    finite = values[~np.isnan(values)]
    return round(float(finite.mean()), 4) if len(finite) else None
