"""The rows of the table: one tier, or one peer, on one set of series."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from forecasts.panel.frequency import Frequency
from pipelines.bench.forecast_scores import scores, timed
from pipelines.bench.forecast_sets import Holdout, load

MEDIAN = ("ets", "ces", "dot")
FURTHER = {"prophet_stock": 2, "prophet_batch": 2, "arima": 6}  # a slow peer runs on every n-th series of a set
LONG_SEASON = 24  # beyond it AutoARIMA takes half a minute a series: it runs only with full=1


class Measured:
    """One set with its peers. peers: in running order, the median last, as it combines the others."""

    def __init__(self, holdout: Holdout, peers: list[str], full: bool) -> None:
        """full: every peer runs, however slow."""
        self.holdout = holdout
        slow = Frequency(holdout.freq).season > LONG_SEASON and not full
        names = [name for name in peers if name != "median" and not (slow and name == "arima")]
        self.peers = [*names, *(["median"] if "median" in peers else [])]
        self._forecast = cache(self._measure)

    def row(self, peer: str) -> dict[str, Any]:
        """The figures of one peer; `median` is that of ETS, CES and DOT, at the cost of all three."""
        if peer != "median":
            forecasts, seconds = self._forecast(peer)
            return {"model": f"peer {peer}", **scores(self._part(peer), forecasts, seconds)}
        from pipelines.bench.forecast_peers import median_of

        parts = [self._forecast(name) for name in MEDIAN]
        median = median_of([forecasts for forecasts, _ in parts])
        return {"model": "peer median(ets, ces, dot)", **scores(self.holdout, median, sum(s for _, s in parts))}

    def _part(self, peer: str) -> Holdout:
        return self.holdout.every(FURTHER.get(peer, 1))

    def _measure(self, peer: str) -> tuple[pl.DataFrame, float]:
        from pipelines.bench.forecast_peers import forecast_with

        return timed(lambda: forecast_with(peer, self._part(peer)))


def tier_row(holdout: Holdout, tier: str) -> dict[str, Any]:
    """The figures of one of our tiers: the file command with its defaults, everything included but start-up."""
    from forecasts import config
    from forecasts.files import forecast_file

    def forecast() -> pl.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.parquet", Path(folder) / "out.parquet"
            holdout.train.write_parquet(source)
            forecast_file(source, target, config.for_tier(tier), horizon=holdout.horizon, freq=holdout.freq)
            return pl.read_parquet(target)

    forecasts, seconds = timed(forecast)
    return {"model": f"almanac {tier}", **scores(holdout, forecasts, seconds)}


def warm(tiers: list[str], peers: list[str]) -> pl.DataFrame:
    """Import and compile everything once; the cost is reported as `start_cpu_s`, not in the models' seconds."""
    sample = load("m3_monthly").every(700)
    for tier in tiers:
        tier_row(sample, tier)
    measured = Measured(sample, [peer for peer in peers if peer != "arima"], False)
    for peer in measured.peers:
        measured.row(peer)
    return sample.test
