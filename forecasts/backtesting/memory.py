"""Forecasts that are computed and asked for again: versions of neighbouring months share most, and so do two nights.

Off unless `remembering()`, so that a file of a million series costs no memory. A forecast is found by everything that
decides it: model, history, last period, horizon and the regressors of its periods; for a model that learns across
series, by the whole batch.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from forecasts.backtesting.kept import Kept
from forecasts.panel.batch import Batch

MOST_KEPT = 1_000_000  # forecasts, some 300 bytes each: of thousands of weekly series the first cutoffs are remembered

_memory: Kept | None = None


@contextmanager
def remembering(folder: Path | None = None) -> Iterator[None]:
    """Keep the forecasts that are computed inside, at most MOST_KEPT and a batch, and forget them all on leaving.

    folder: where what was asked for is left for the next time, and what an earlier time left is found.
    """
    global _memory
    before = _memory
    _memory = before or Kept(folder)
    try:
        yield
        if before is None:
            _memory.leave()
    finally:
        _memory = before


def recall_table(asked: object, read: Sequence[pl.DataFrame], compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """`compute()`, from memory where it was computed from the same. asked: everything else that decides it."""
    if _memory is None:
        return compute()
    digest = hashlib.sha256(repr((asked, [frame.schema for frame in read])).encode())
    for frame in read:
        digest.update(frame.hash_rows().to_numpy().tobytes())
    return _memory.table(digest.digest(), compute)


def recall(
    name: str, batch: Batch, horizon: int, compute: Callable[[Batch], np.ndarray], is_shared: bool = False
) -> np.ndarray:
    """`compute(batch)`, (series, steps), from memory where it can be. is_shared: series depend on each other."""
    if _memory is None or len(batch) == 0 or len(_memory.steps) >= MOST_KEPT:
        return compute(batch)
    keys = [_key(name, batch, row, horizon) for row in range(len(batch))]
    if is_shared:
        together = hashlib.sha256(b"".join(keys)).digest()
        keys = [together + key for key in keys]
    unknown = [row for row, key in enumerate(keys) if not _memory.knows(key)]
    if is_shared and unknown:
        unknown = list(range(len(batch)))
    if unknown:
        for row, steps in zip(unknown, compute(batch.take(unknown)), strict=True):
            _memory.steps[keys[row]] = steps
    return np.vstack([_memory.steps[key] for key in keys])


def _key(name: str, batch: Batch, row: int, horizon: int) -> bytes:
    last, values = int(batch.last[row]), batch.values[row]
    digest = hashlib.sha256(repr((name, batch.unique_ids[row], batch.frequency.code, last, horizon)).encode())
    digest.update(np.ascontiguousarray(values).tobytes())
    if batch.regressors is not None:
        rows = batch.regressors.rows(last - len(values) + 1, last + horizon + 1)
        digest.update(repr(batch.regressors.names).encode() + np.ascontiguousarray(rows).tobytes())
    return digest.digest()
