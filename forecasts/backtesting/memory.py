"""Forecasts that this process has computed and is asked for again: versions of neighbouring months share most.

Off unless `remembering()`, so that a file of a million series costs no memory. A forecast is found by everything that
decides it: model, history, last period, horizon and the regressors of its periods; for a model that learns across
series, by the whole batch.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import polars as pl

from forecasts.panel.batch import Batch

MOST_KEPT = 1_000_000  # forecasts, some 300 bytes each: of thousands of weekly series the first cutoffs are remembered

_store: dict[bytes, np.ndarray] | None = None
_tables: dict[bytes, pl.DataFrame] | None = None


@contextmanager
def remembering() -> Iterator[None]:
    """Keep the forecasts that are computed inside, at most MOST_KEPT and a batch, and forget them all on leaving."""
    global _store, _tables
    before = _store, _tables
    _store, _tables = {} if _store is None else _store, {} if _tables is None else _tables
    try:
        yield
    finally:
        _store, _tables = before


def recall_table(asked: object, read: Sequence[pl.DataFrame], compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """`compute()`, from memory where it was computed from the same. asked: everything else that decides it."""
    if _tables is None:
        return compute()
    rows = [(frame.height, int(frame.hash_rows().sum())) for frame in read]
    key = hashlib.sha256(repr((asked, [frame.schema for frame in read], rows)).encode()).digest()
    if key not in _tables:
        _tables[key] = compute()
    return _tables[key]


def recall(
    name: str, batch: Batch, horizon: int, compute: Callable[[Batch], np.ndarray], is_shared: bool = False
) -> np.ndarray:
    """`compute(batch)`, (series, steps), from memory where it can be. is_shared: series depend on each other."""
    if _store is None or len(batch) == 0 or len(_store) >= MOST_KEPT:
        return compute(batch)
    keys = [_key(name, batch, row, horizon) for row in range(len(batch))]
    if is_shared:
        together = hashlib.sha256(b"".join(keys)).digest()
        keys = [together + key for key in keys]
    unknown = [row for row, key in enumerate(keys) if key not in _store]
    if is_shared and unknown:
        unknown = list(range(len(batch)))
    if unknown:
        for row, steps in zip(unknown, compute(batch.take(unknown)), strict=True):
            _store[keys[row]] = steps
    return np.vstack([_store[key] for key in keys])


def _key(name: str, batch: Batch, row: int, horizon: int) -> bytes:
    last, values = int(batch.last[row]), batch.values[row]
    digest = hashlib.sha256(repr((name, batch.unique_ids[row], batch.frequency.code, last, horizon)).encode())
    digest.update(np.ascontiguousarray(values).tobytes())
    if batch.regressors is not None:
        rows = batch.regressors.rows(last - len(values) + 1, last + horizon + 1)
        digest.update(repr(batch.regressors.names).encode() + np.ascontiguousarray(rows).tobytes())
    return digest.digest()
