"""Who had approved the models that score deals and leads, in the registry of a run."""

from datetime import date

import polars as pl

from forecasts.output import schemas

COLUMNS = ("approved_by", "approved_on", "approval_reason")


def with_approvals(registry: pl.DataFrame, approvals: pl.DataFrame | None, as_of: date) -> pl.DataFrame:
    """schemas.MODEL_REGISTRY with the newest approval by the day of each model: of its recipe, or of all its recipes.

    approvals: schemas.MODEL_APPROVALS; one without a features_hash is of every version of the model.
    """
    given = schemas.empty(schemas.MODEL_APPROVALS) if approvals is None else approvals
    known = given.filter(pl.col("approved_on") <= as_of).rename({"reason": "approval_reason"})
    rows = registry.drop("is_approved", *COLUMNS).with_row_index("_row")
    named = rows.join(known, on="model", suffix="_approved").sort("approved_on", maintain_order=True)
    recipe, approved = pl.col("features_hash"), pl.col("features_hash_approved")
    named = named.filter(approved.is_null() | (approved == recipe).fill_null(value=False))
    newest = named.unique("_row", keep="last", maintain_order=True).select("_row", *COLUMNS)
    rows = rows.join(newest, on="_row", how="left", maintain_order="left").sort("_row")
    return schemas.conform(rows.with_columns(is_approved=pl.col("approved_by").is_not_null()), schemas.MODEL_REGISTRY)
