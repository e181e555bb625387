"""Very many made-up series on disk, written a block at a time."""

from pathlib import Path

import numpy as np
import polars as pl

MONTHS, STARTS, RAGGED, BLOCK = 60, 36, 0.3, 20_000


def write_series(path: Path, size: int) -> None:
    """`size` monthly series of 60 months with level, slope, season and noise; 30 % start in any of 36 months."""
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    writer = None
    for start in range(0, size, BLOCK):
        table = _block(random, start, min(BLOCK, size - start)).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _block(random: np.random.Generator, start: int, count: int) -> pl.DataFrame:
    first = np.where(random.random(count) < RAGGED, random.integers(0, STARTS, count), STARTS)
    level, slope = random.lognormal(4, 1, (count, 1)), random.normal(0, 0.005, (count, 1))
    steps = np.arange(MONTHS)[None, :]
    month = first[:, None] + steps
    noise = random.normal(0, 0.1, (count, MONTHS))
    y = level * (1 + slope * steps + 0.2 * np.sin(2 * np.pi * month / 12) + noise)
    days = (np.datetime64("2015-01") + month).astype("datetime64[D]")
    ids = [f"s{number:07d}" for number in range(start, start + count)]
    return pl.DataFrame({"unique_id": np.repeat(ids, MONTHS), "ds": days.ravel(), "y": y.ravel()})
