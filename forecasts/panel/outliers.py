"""A value that is a slip of the keyboard beside all others of its series: taken as unknown, and said."""

import polars as pl

FEWEST = 12  # values of a series from which one can be held against the others
FACTOR = 5.0  # times the next largest value: a decimal mark in the wrong place is ten times the usual one
EVEN = 3.0  # times the median that the next largest value may have: beyond, large values are the series' habit
SHOWN = 3


def without_outliers(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows `unique_id, ds, y` with such a value as a gap, and a note of it.

    One value per series at most, and never its last: that one can be a new level.
    """
    size = pl.col("y").abs()
    by_series = frame.drop_nulls("y").group_by("unique_id")
    sizes = by_series.agg(
        count=pl.len(),
        largest=size.max(),
        next=size.top_k(2).min(),
        median=size.median(),
        last=pl.col("ds").max(),
        ds=pl.col("ds").get(size.arg_max()),
        value=pl.col("y").get(size.arg_max()),
    )
    is_odd = (
        (pl.col("count") >= FEWEST)
        & (pl.col("median") > 0)
        & (pl.col("largest") > FACTOR * pl.col("next"))
        & (pl.col("next") <= EVEN * pl.col("median"))
    )
    odd = sizes.filter(is_odd).sort("unique_id")
    inner, last = odd.filter(pl.col("ds") < pl.col("last")), odd.filter(pl.col("ds") == pl.col("last"))
    notes = [
        f"{part.height:,} series have a value {FACTOR:g} times as large as any other, or more ({_shown(part)}): {what}"
        for part, what in ((inner, "taken as unknown"), (last, "their last, so it counts; is it right?"))
        if part.height
    ]
    if inner.is_empty():
        return frame, tuple(notes)
    marks = inner.select("unique_id", "ds", is_odd=pl.lit(True))
    marked = frame.join(marks, on=["unique_id", "ds"], how="left", maintain_order="left")
    return marked.with_columns(y=pl.when(pl.col("is_odd").is_null()).then("y")).drop("is_odd"), tuple(notes)


def _shown(odd: pl.DataFrame) -> str:
    rows = odd.head(SHOWN).select("unique_id", pl.col("ds").cast(pl.String), "value").rows()
    return ", ".join(f"{name} {day}: {value:,.10g}" for name, day, value in rows)
