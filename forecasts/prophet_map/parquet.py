"""Parquet in, Parquet out, in bounded memory: any number of series, a block at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

from forecasts.prophet_map.engine import fit_predict
from forecasts.prophet_map.specification import Specification, from_prophet, unsupported

if TYPE_CHECKING:
    import prophet

ROWS_PER_READ = 1_000_000  # at a time: memory does not grow with the file
BUCKETS = 16  # parts of a file whose series are mixed up; each is sorted in memory

REPEATED = ["unique_id", "ds", "engine"]  # columns of few values; a dictionary of forecasts only costs time

Progress = Callable[[int], None]
Work = Callable[[pl.DataFrame], pl.DataFrame]


def forecast_parquet(
    source: Path,
    target: Path,
    spec: "Specification | prophet.Prophet | None",
    horizon: int,
    freq: str,
    *,
    future: pl.DataFrame | None = None,
    levels: tuple[int, ...] = (80, 95),
    components: bool = False,
    threads: int = 2,
    progress: Progress | None = None,
) -> int:
    """Forecast a Parquet file of long rows into another; columns as fit_predict. Returns the number of series."""
    forecast = partial(
        fit_predict, spec=spec, horizon=horizon, freq=freq, future=future, levels=levels, components=components
    )
    return stream(source, target, forecast, _columns(spec), threads=threads, progress=progress)


def stream(
    source: Path,
    target: Path,
    work: Work,
    columns: list[str] | None,
    *,
    threads: int = 2,
    progress: Progress | None = None,
) -> int:
    """Write what `work` makes of every block of a Parquet file; returns the number of series. work keeps unique_id.

    Blocks hold whole series and their boundaries depend on the file alone, so any number of threads writes the same
    rows. A file that mixes series up is read again in buckets of series. `progress` is called with series done.
    columns: those worth reading, None for all. An empty file gives what work makes of no rows.
    The target appears complete or not at all.
    """
    partial_path = target.with_name(f".{target.name}.partial")
    try:
        done, distinct = _run(_in_file_order(source, columns), work, partial_path, threads, progress)
        if distinct < done:
            done, _ = _run(_in_buckets(source, columns), work, partial_path, threads, progress)
        partial_path.replace(target)
    finally:
        partial_path.unlink(missing_ok=True)
    return done


def _columns(spec: "Specification | prophet.Prophet | None") -> list[str] | None:
    """Columns worth reading; None for all of them (stock Prophet may want cap, floor and others)."""
    if spec is None or isinstance(spec, Specification):
        return ["unique_id", "ds", "y", *(spec.frame_columns if spec else ())]
    return None if unsupported(spec) else ["unique_id", "ds", "y", *from_prophet(spec).frame_columns]


def _run(
    blocks: Iterator[pl.DataFrame], work: Work, partial_path: Path, threads: int, progress: Progress | None
) -> tuple[int, int]:
    """Write the forecast of every block in order; returns series written and how many of them are distinct."""
    id_hashes, done = [], 0
    writer: pq.ParquetWriter | None = None
    try:
        for result in _in_order(blocks, work, threads):
            table = result.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(
                partial_path, table.schema, compression="snappy", use_dictionary=REPEATED
            )
            writer.write_table(table.cast(writer.schema))
            ids = result["unique_id"].rle().struct.field("value")
            id_hashes.append(ids.hash())
            done += len(ids)
            if progress is not None:
                progress(done)
    finally:
        if writer is not None:
            writer.close()
    return done, pl.concat(id_hashes).n_unique() if id_hashes else 0


def _in_order(blocks: Iterator[pl.DataFrame], work: Work, threads: int) -> Iterator[pl.DataFrame]:
    """Map `work` over blocks on threads, results in order, no more than one block per thread waiting."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[pl.DataFrame]] = deque()
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _in_file_order(source: Path, columns: list[str] | None) -> Iterator[pl.DataFrame]:
    """Blocks of whole series in the order of the file; the last series of a read waits for the next one."""
    unfinished = pl.DataFrame()
    for batch in pq.ParquetFile(source).iter_batches(ROWS_PER_READ, columns=columns):
        rows = pl.DataFrame(pl.from_arrow(batch))
        rows = pl.concat([unfinished, rows]) if unfinished.height else rows
        other_series = (rows["unique_id"] != rows["unique_id"][-1]).arg_true()
        cut = other_series[-1] + 1 if len(other_series) else 0
        if cut:
            yield rows[:cut]
        unfinished = rows[cut:]
    if unfinished.height:
        yield unfinished
    elif not pq.ParquetFile(source).metadata.num_rows:
        yield pl.read_parquet(source, columns=columns)


def _in_buckets(source: Path, columns: list[str] | None) -> Iterator[pl.DataFrame]:
    """Blocks of whole series from a file in any order: one pass over the file per bucket of series."""
    rows = pl.scan_parquet(source)
    rows = rows.select(columns) if columns else rows
    for bucket in range(BUCKETS):
        part = rows.filter(pl.col("unique_id").hash() % BUCKETS == bucket).collect(engine="streaming")
        if part.height:
            yield part.sort("unique_id", "ds", maintain_order=True)
