"""A long frame as arrays: rows of one series together, in time order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecasts.prophet_map.specification import SpecificationError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Panel:
    """Series n owns rows offsets[n] to offsets[n + 1] of ds (microseconds), y and every extra column.

    Rows without a value are gone; `last` keeps each series' last date, with or without a value, because the forecast
    starts after it (as in Prophet's make_future_dataframe).
    """

    ids: pl.Series
    offsets: IntArray
    ds: IntArray
    y: FloatArray
    extra: FloatArray  # rows x columns
    last: IntArray
    date_type: pl.DataType

    @property
    def counts(self) -> IntArray:
        """Number of values per series."""
        return np.diff(self.offsets)

    def parts(self, size: int) -> Iterator["Panel"]:
        """The panel `size` series at a time, as views."""
        for begin in range(0, max(len(self.ids), 1), size):
            offsets = self.offsets[begin : begin + size + 1]
            rows = slice(int(offsets[0]), int(offsets[-1]))
            yield Panel(
                self.ids[begin : begin + size],
                offsets - offsets[0],
                self.ds[rows],
                self.y[rows],
                self.extra[rows],
                self.last[begin : begin + size],
                self.date_type,
            )


def read_panel(frame: pl.DataFrame, extra: tuple[str, ...] = ()) -> Panel:
    """Arrange a long frame (unique_id, ds, y and the `extra` columns); sorts only if rows are out of order."""
    date_type = frame.schema.get("ds", pl.Datetime("us"))
    frame = _typed(frame, ("y", *extra))
    starts = _run_starts(frame["unique_id"])
    ds = frame["ds"].to_physical().to_numpy()
    ids = frame["unique_id"].gather(starts)
    if ids.n_unique() < len(ids) or not _in_order(ds, starts):
        frame = frame.sort("unique_id", "ds", maintain_order=True)
        starts = _run_starts(frame["unique_id"])
        ds = frame["ds"].to_physical().to_numpy()
        ids = frame["unique_id"].gather(starts)
    offsets = np.append(starts, len(ds))
    columns = [frame[name].to_numpy() for name in extra]
    table = np.column_stack(columns) if columns else np.empty((len(ds), 0))
    y = frame["y"].to_numpy()
    last = ds[offsets[1:] - 1] if len(ds) else np.empty(0, np.int64)
    return _without_missing(Panel(ids, offsets, ds, y, table, last, date_type), extra)


def _typed(frame: pl.DataFrame, numbers: tuple[str, ...]) -> pl.DataFrame:
    missing = [name for name in ("unique_id", "ds", *numbers) if name not in frame.columns]
    if missing:
        raise SpecificationError(f"the frame has no column {missing[0]!r}; it has {', '.join(frame.columns)}")
    frame = frame.select(
        "unique_id",
        dates("ds", frame.schema["ds"]),
        *(pl.col(name).cast(pl.Float64).fill_null(np.nan) for name in numbers),
    )
    for name in ("unique_id", "ds"):
        if frame[name].null_count():
            raise SpecificationError(f"column {name!r} has {frame[name].null_count()} empty cells; remove those rows")
    return frame


def dates(name: str, dtype: pl.DataType) -> pl.Expr:
    """Expression for a date column in microseconds without a time zone; text is parsed."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        raise SpecificationError(f"column {name!r} has a time zone; convert it to local time without one")
    column = pl.col(name).str.to_datetime() if dtype == pl.String else pl.col(name)
    return column.cast(pl.Datetime("us"))


def as_dates(ds: IntArray, date_type: pl.DataType) -> pl.Series:
    """Microseconds as dates of the frame's own type; a Date column gets a time of day only if it needs one."""
    column = pl.Series(ds.reshape(-1)).cast(pl.Datetime("us"))
    if date_type == pl.Date and not (ds % DAY).any():
        return column.cast(pl.Date)
    return column.cast(date_type) if isinstance(date_type, pl.Datetime) else column


def _run_starts(ids: pl.Series) -> IntArray:
    if len(ids) == 0:
        return np.empty(0, np.int64)
    changed = (ids != ids.shift()).fill_null(True)
    return changed.arg_true().to_numpy().astype(np.int64)


def _in_order(ds: IntArray, starts: IntArray) -> bool:
    backwards = np.diff(ds) < 0
    backwards[starts[1:] - 1] = False
    return not backwards.any()


def _without_missing(panel: Panel, extra: tuple[str, ...]) -> Panel:
    missing = np.isnan(panel.y)
    if np.isinf(panel.y).any():
        raise SpecificationError(f"series {_owner(panel, np.isinf(panel.y))!r} has an infinite value in column 'y'")
    empty = np.isnan(panel.extra).any(axis=1) & ~missing
    if empty.any():
        raise SpecificationError(f"series {_owner(panel, empty)!r} has an empty cell in one of {', '.join(extra)}")
    if not missing.any():
        return panel
    kept = ~missing
    before = np.concatenate([[0], np.cumsum(kept)])
    return replace(panel, offsets=before[panel.offsets], ds=panel.ds[kept], y=panel.y[kept], extra=panel.extra[kept])


def _owner(panel: Panel, rows: NDArray[np.bool_]) -> object:
    return panel.ids[int(np.searchsorted(panel.offsets, np.argmax(rows), side="right")) - 1]


def distinct_rows(keys: IntArray) -> tuple[IntArray, IntArray]:
    """Number of a representative row for every distinct row, and each row's class (0, 1, ... by first appearance).

    Rows are compared by a 64-bit hash and then checked cell by cell; a collision falls back to sorting whole rows.
    """
    words = keys.view(np.uint64)
    mixed = np.zeros(len(keys), np.uint64)
    with np.errstate(over="ignore"):
        for j in range(words.shape[1]):
            mixed = (mixed ^ words[:, j]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    _, first, classes = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(keys[first[classes]], keys):
        _, first, classes = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[classes.reshape(-1)]
