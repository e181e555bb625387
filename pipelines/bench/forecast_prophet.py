"""The batch Prophet engine compared with stock Prophet and prophet-batch: CPU time, objective, scale.

CPU seconds include child processes (Stan runs in one). The engine is timed as a new process, Parquet to
Parquet: start-up, compiling (cold) or loading kernels (cached), reading, calendars, fit, forecast, 80 and 95 % bounds,
writing. The peers are timed without their imports and files, stock Prophet with its own single interval.
"""

import itertools
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from pipelines.bench.prophet_oracle import fit_with_stan
from pipelines.errors import AlmanacError

HORIZON = 12
BLOCK = 50_000  # series generated at a time
REPEATS, SHORT = 3, 100_000  # runs of a size, up to that many series: a second more or less is noise there
SHAPES = (
    ("monthly", 60, "1mo", "MS"),
    ("monthly", 84, "1mo", "MS"),
    ("monthly", 115, "1mo", "MS"),
    ("weekly", 150, "1w", "W-MON"),
)


@dataclass(frozen=True)
class Case:
    """One row of the speed table."""

    name: str
    points: int
    step: str
    freq: str
    gaps: bool

    @property
    def shape(self) -> str:
        """Kind of period and number of points."""
        return f"{self.name} {self.points}"

    @property
    def calendars(self) -> str:
        """Whether series share their dates."""
        return "own, gaps" if self.gaps else "shared, 30 % ragged"

    @property
    def label(self) -> str:
        """Both."""
        return f"{self.shape}, {self.calendars}"


def cases() -> list[Case]:
    """Every shape on shared dates with 30 % ragged starts, and with gaps on dates of each series' own."""
    return [Case(*shape, gaps) for shape in SHAPES for gaps in (False, True)]


def speed(case: Case, series: int, own_series: int, stock: int, batch: int) -> list[dict[str, Any]]:
    """The engine on `series` (`own_series` with gaps), stock Prophet and prophet-batch on a sample: one row."""
    count = own_series if case.gaps else series
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.parquet"
        write_series(source, count, case.points, case.step, case.gaps)
        sample = _first_series(source, max(stock, batch))
        costs = _engine(source, case.freq, count)
    costs["stock_ms"] = _per_series(partial(_stock, sample, case.freq, stock), stock)
    costs["prophet_batch_ms"] = _per_series(partial(_prophet_batch, sample, case.freq, batch), batch)
    return [{"shape": case.shape, "calendars": case.calendars, "series": count, **costs, **_ratios(costs)}]


def scale(sizes: tuple[int, ...], folder: str) -> list[dict[str, Any]]:
    """`almanac forecast-file --tier prophet` on monthly series of 60 points, 30 % ragged starts, Parquet to Parquet.

    CPU, wall clock and peak memory of the whole command, the cheapest of some runs where they are short.
    """
    rows: list[dict[str, Any]] = []
    for size in sizes:
        source = Path(folder) / "in.parquet"
        write_series(source, size, 60, "1mo", gaps=False)
        runs = [_forecast_file(source) for _ in range(REPEATS if size <= SHORT else 1)]
        rows.append({"series": size, **min(runs, key=lambda run: run["cpu_s"])})
    return with_slopes(rows)


def with_slopes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with what does not grow (fixed_cpu_s) apart from what each further series costs (slope_ms).

    slope_to_all: slope since the size before over the slope from the first to the last size; 1 is linear.
    """
    if len(rows) < 2:
        return rows
    slopes = [_slope(before, row) for before, row in itertools.pairwise(rows)]
    overall = _slope(rows[0], rows[-1])
    fixed = rows[0]["cpu_s"] - overall * rows[0]["series"]
    out = [{**rows[0], "fixed_cpu_s": fixed}]
    for row, slope in zip(rows[1:], slopes, strict=True):
        out.append({**row, "fixed_cpu_s": fixed, "slope_ms": 1e3 * slope, "slope_to_all": slope / overall})
    return out


def _slope(before: dict[str, Any], row: dict[str, Any]) -> float:
    return float((row["cpu_s"] - before["cpu_s"]) / (row["series"] - before["series"]))


def _forecast_file(source: Path) -> dict[str, Any]:
    target = source.with_name("out.parquet")
    arguments = ["forecast-file", str(source), "--horizon", str(HORIZON), "--freq", "MS", "--tier", "prophet"]
    began = time.perf_counter()
    program = [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments, "--out", str(target)]
    child = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise AlmanacError(f"forecast-file ended with {child.returncode}: run {' '.join(arguments)} to see why")
    spent = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.perf_counter() - began}
    return {**spent, "peak_mb": usage.ru_maxrss / 1024}


def objectives(
    history: pl.DataFrame, mode: Literal["additive", "multiplicative"] = "additive", every: int = 1
) -> dict[str, Any]:
    """Our objective minus Stan's over every `every`-th series that is not constant (nats; negative: ours is better)."""
    import prophet

    from forecasts.prophet_map import Specification, fit

    keys = history["unique_id"].unique(maintain_order=True).gather_every(every)
    history = history.filter(pl.col("unique_id").is_in(keys.implode()))
    ours = fit(history, Specification(seasonality_mode=mode, holidays_mode=mode)).parameters()
    gaps, failures = [], 0
    with _quiet():
        for key, value in ours.filter(pl.col("objective").is_not_null()).select("unique_id", "objective").iter_rows():
            try:
                series = history.filter(unique_id=key).drop("unique_id")
                gaps.append(value - fit_with_stan(series, lambda: prophet.Prophet(seasonality_mode=mode)).objective)
            except RuntimeError:
                failures += 1
    differences = np.array(gaps)
    worse = int((differences > 1e-6).sum())
    figures = {"worst_nats": differences.max(), "median_nats": float(np.median(differences))}
    return {"mode": mode, "series": len(gaps), **figures} | {
        "worse_than_1e-6": worse,
        "stan_failed": failures,
    }


def write_series(target: Path, count: int, points: int, step: str, gaps: bool) -> None:
    """Seeded sales-like series, grouped by unique_id; 30 % start up to 36 periods late, with gaps 5 % are missing."""
    import pyarrow.parquet as pq

    writer = None
    for first in range(0, count, BLOCK):
        frame = _series(first, min(BLOCK, count - first), points, step, gaps)
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(target, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _series(first: int, count: int, points: int, step: str, gaps: bool) -> pl.DataFrame:
    rng = np.random.default_rng(first)
    days = pl.date_range(date(2012, 1, 2) if step == "1w" else date(2012, 1, 1), date(2060, 1, 1), step, eager=True)[
        :points
    ]
    t = np.arange(points)
    season = np.sin(2 * np.pi * t / (52 if step == "1w" else 12) + rng.uniform(0, 6, (count, 1)))
    walk = np.cumsum(rng.normal(0, 0.02, (count, points)), axis=1)
    y = rng.lognormal(3, 1, (count, 1)) * (1 + 0.3 * season + walk + rng.normal(0, 0.1, (count, points)))
    late = np.where(rng.random(count) < 0.3, rng.integers(0, min(36, points // 2), count), 0)
    kept = t >= late[:, None]
    if gaps:
        kept &= rng.random((count, points)) > 0.05
    owner, step_index = np.nonzero(kept)
    keys = pl.Series([f"series-{i:07d}" for i in range(first, first + count)])
    return pl.DataFrame({"unique_id": keys.gather(owner), "ds": days.gather(step_index), "y": y[owner, step_index]})


def _engine(source: Path, freq: str, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache}
        cold, cached = (_child(source, freq, 1, environment)["cpu_s"] for _ in range(2))
    return {"cold_ms": 1e3 * cold / count, "cached_ms": 1e3 * cached / count}


def _child(source: Path, freq: str, threads: int, environment: dict[str, str]) -> dict[str, float]:
    """Forecast a file in a new process: its CPU seconds, wall clock and peak memory."""
    target = source.with_name("out.parquet")
    command = [sys.executable, "-m", "pipelines.bench.forecast_prophet", str(source), str(target), freq, str(threads)]
    began, before = time.perf_counter(), _cpu()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    spent = {"cpu_s": _cpu() - before, "wall_s": time.perf_counter() - began}
    return spent | json.loads(done.stdout)


def _per_series(work: Callable[[], None], count: int) -> float:
    before = _cpu()
    with _quiet():
        work()
    return 1e3 * (_cpu() - before) / count


def _stock(sample: pl.DataFrame, freq: str, count: int) -> None:
    import prophet

    for key in sample["unique_id"].unique(maintain_order=True)[:count]:
        model = prophet.Prophet()
        model.fit(sample.filter(unique_id=key).select("ds", "y").to_pandas())
        model.predict(model.make_future_dataframe(HORIZON, freq, include_history=False))


def _prophet_batch(sample: pl.DataFrame, freq: str, count: int) -> None:
    import prophet_batch

    keys = sample["unique_id"].unique(maintain_order=True)[:count]
    frame = sample.filter(pl.col("unique_id").is_in(keys.implode())).to_pandas()
    prophet_batch.forecast_many(frame, HORIZON, freq=freq, include_history=False, seed=0)


def _ratios(row: dict[str, float]) -> dict[str, float]:
    return {
        "times_stock": row["stock_ms"] / row["cached_ms"],
        "times_stock_cold": row["stock_ms"] / row["cold_ms"],
        "times_prophet_batch": row["prophet_batch_ms"] / row["cached_ms"],
    }


def _first_series(source: Path, count: int) -> pl.DataFrame:
    frame = pl.scan_parquet(source).head(count * 200).collect()
    keys = frame["unique_id"].unique(maintain_order=True)[:count]
    return frame.filter(pl.col("unique_id").is_in(keys.implode()))


def _cpu() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


@contextmanager
def _quiet() -> Iterator[None]:
    """Prophet, Stan and prophet-batch write lines for every series."""
    import prophet  # noqa: F401  (its import sets up the loggers and is not part of any figure)

    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _main(source: str, target: str, freq: str, threads: str) -> None:
    from forecasts.prophet_map.parquet import forecast_parquet

    forecast_parquet(Path(source), Path(target), None, HORIZON, freq, threads=int(threads))
    print(json.dumps({"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
