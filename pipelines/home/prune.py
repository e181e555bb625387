"""What old runs have left in state and nobody reads any more: details of their forecasts, results of their checks.

Never touched: landing, issued forecasts, ids, decisions, the ledger of files and the log of runs. Removing is final, so
the command shows first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.home import served, state
from pipelines.home.settings import Settings

# Of these logs the tables hold the newest run's rows alone; `quality` is history that people look at.
DETAIL = (
    "quality",
    *("forecast_backtest", "forecast_accuracy", "forecast_importance", "forecast_skill"),
    *("forecast_deal_scores", "forecast_deal_periods", "forecast_deal_reasons"),
)
KEPT_RUNS = 10  # whatever their age: a home that runs once a year must still be able to look back


@dataclass(frozen=True)
class Prunable:
    """The files of one log that may go."""

    log: str
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.stat().st_size for file in self.files)


def prunable(settings: Settings, kept_days: int, now: datetime) -> list[Prunable]:
    """Files of runs that ended more than `kept_days` before `now` (naive UTC), by log; none of the served run's."""
    old = _old_runs(settings, now - timedelta(days=kept_days))
    kept = _kept_runs(settings)
    items = [Prunable(log, tuple(_files(settings, log, old, kept, now, kept_days))) for log in DETAIL]
    return [item for item in items if item.files]


def remove(items: list[Prunable]) -> None:
    """Remove them. Only for who owns the home."""
    for item in items:
        for file in item.files:
            file.unlink()


def _old_runs(settings: Settings, before: datetime) -> set[str]:
    log = state.read(settings, "runs")
    return set(log.filter(pl.col("finished_at") < before)["run_id"].to_list()) if log.height else set()


def _kept_runs(settings: Settings) -> set[str]:
    log = state.read(settings, "runs")
    last = log.sort("finished_at").tail(KEPT_RUNS)["run_id"].to_list() if log.height else []
    published = log.filter(outcome="published").sort("finished_at").tail(1)["run_id"].to_list() if log.height else []
    return {*last, *published, *served.run_ids(settings)}


def _files(
    settings: Settings, log: str, old: set[str], kept: set[str], now: datetime, kept_days: int
) -> Iterator[Path]:
    """A run that was killed is in no log: the age of its file is that of the file."""
    recorded = old | kept | set(_recorded(settings))
    for file in sorted((settings.state / log).glob("*.parquet")):
        run_id = file.stem.split("~")[0].split(".")[0]  # `run~replayed day`, `run.gate`
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None)
        is_old = run_id in old if run_id in recorded else written < now - timedelta(days=kept_days)
        if is_old and run_id not in kept:
            yield file


def _recorded(settings: Settings) -> list[str]:
    log = state.read(settings, "runs")
    return log["run_id"].to_list() if log.height else []
