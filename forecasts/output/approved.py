"""Numbers that people approved, served in place of the model's where the configuration says so, and marked as such.

The model's row stays, unserved, so that the two can be compared. Members of the other levels follow the approved total
in proportion; the interval stays the model's, widened so that it holds the number.
"""

import polars as pl

from forecasts.output import schemas
from forecasts.selection.weights import NUMBERS, coherent

APPROVED = "approved"
KEY = ["unique_id", "period_start"]


def with_approved(
    values: pl.DataFrame, series: pl.DataFrame, submitted: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values without what is replaced, and the approved rows: schemas.VALUES and author.

    submitted: unique_id (of totals), period_start, amount, author, said_on; periods that are not forecast are left out.
    """
    is_base = pl.col("is_served") & (pl.col("scenario") == "base")
    submitted = submitted.join(values.filter(is_base).select(*KEY, _model="yhat"), on=KEY, how="inner")
    if submitted.is_empty():
        return values, schemas.empty({**schemas.VALUES, "author": pl.String()})
    names = series.select("unique_id", "metric", "level", "freq")
    rows = values.filter("is_served").join(names, on="unique_id", maintain_order="left")
    changed = submitted.join(names, on="unique_id").select("metric", "freq", "period_start")
    rows = rows.join(changed, on=["metric", "freq", "period_start"], how="semi", maintain_order="left")
    rows = rows.join(submitted, on=KEY, how="left", maintain_order="left")
    moved = coherent(_moved(rows), ["scenario", "period_start"])
    new = moved.filter(pl.col("amount").is_not_null()).with_columns(model=pl.lit(APPROVED), engine=pl.lit("person"))
    members = schemas.conform(moved.filter(pl.col("amount").is_null()), schemas.VALUES)
    row_key = [*KEY, "scenario", "model"]
    replaced = values.join(new.select(*KEY, "scenario").unique(), on=[*KEY, "scenario"], how="semi")
    replaced = replaced.with_columns(is_served=pl.lit(value=False))
    gone = pl.concat([members.select(row_key), replaced.select(row_key)])
    kept = values.join(gone, on=row_key, how="anti", maintain_order="left")
    return pl.concat([kept, replaced, members]), schemas.conform(new, {**schemas.VALUES, "author": pl.String()})


def _moved(rows: pl.DataFrame) -> pl.DataFrame:
    """The totals at the approved number; under a scenario at as much more or less as the model's is."""
    factor = pl.when(pl.col("_model") != 0).then(pl.col("yhat") / pl.col("_model")).otherwise(1.0)
    rows = rows.with_columns(_said=pl.col("amount") * factor)
    sentence = pl.format("approved by {} on {}; the model says {}", "author", "said_on", pl.col("yhat").round(0))
    rows = rows.with_columns(
        *(pl.min_horizontal(name, "_said").alias(name) for name in ("lo_95", "lo_80")),
        *(pl.max_horizontal(name, "_said").alias(name) for name in ("hi_95", "hi_80")),
        fallback_reason=pl.when(pl.col("_said").is_null()).then("fallback_reason").otherwise(sentence),
        skill=pl.when(pl.col("_said").is_null()).then("skill"),
        yhat=pl.coalesce("_said", "yhat"),
    )
    return rows.with_columns(pl.col(NUMBERS).cast(pl.Float64))
