"""The columns and types of every frame that a forecast returns; `tables.yml` describes them in words."""

import polars as pl

BOUNDS = {"lo_95": pl.Float64(), "lo_80": pl.Float64(), "hi_80": pl.Float64(), "hi_95": pl.Float64()}

VALUES: dict[str, pl.DataType] = {
    "unique_id": pl.String(),
    "scenario": pl.String(),
    "model": pl.String(),
    "period_start": pl.Date(),
    "horizon": pl.Int64(),
    "yhat": pl.Float64(),
    **BOUNDS,
    "is_served": pl.Boolean(),
    "skill": pl.String(),
    "fallback_reason": pl.String(),
    "engine": pl.String(),
}

FILE_COLUMNS: dict[str, pl.DataType] = {
    "unique_id": pl.String(),
    "ds": pl.Date(),
    "yhat": pl.Float64(),
    "lo_80": pl.Float64(),
    "hi_80": pl.Float64(),
    "lo_95": pl.Float64(),
    "hi_95": pl.Float64(),
    "model": pl.String(),
    "fallback_reason": pl.String(),
}

BACKTEST: dict[str, pl.DataType] = {
    "unique_id": pl.String(),
    "model": pl.String(),
    "purpose": pl.String(),
    "cutoff": pl.Date(),
    "period_start": pl.Date(),
    "horizon": pl.Int64(),
    "y": pl.Float64(),
    "yhat": pl.Float64(),
    **BOUNDS,
    "is_served": pl.Boolean(),
}

SERIES: dict[str, pl.DataType] = {
    "unique_id": pl.String(),
    "metric": pl.String(),
    "level": pl.String(),
    "member": pl.String(),
    "freq": pl.String(),
    "first_period": pl.Date(),
    "last_period": pl.Date(),
    "n_periods": pl.Int64(),
    "segment": pl.String(),
    "served_model": pl.String(),
    "fallback_reason": pl.String(),
}

ACCURACY: dict[str, pl.DataType] = {
    "unique_id": pl.String(),
    "model": pl.String(),
    "purpose": pl.String(),
    "n_origins": pl.Int64(),
    "n_values": pl.Int64(),
    "smape": pl.Float64(),
    "mase": pl.Float64(),
    "rmsse": pl.Float64(),
    "wape_by_cutoff": pl.Float64(),
    "bias": pl.Float64(),
    "accuracy": pl.Float64(),
    "above_share": pl.Float64(),
    "coverage_80": pl.Float64(),
    "coverage_95": pl.Float64(),
    "msis_95": pl.Float64(),
}

CHOICES: dict[str, pl.DataType] = {
    "freq": pl.String(),
    "segment": pl.String(),
    "decision": pl.String(),
    "step": pl.Int64(),
    "candidate": pl.String(),
    "is_chosen": pl.Boolean(),
    "measure": pl.String(),
    "error": pl.Float64(),
    "reason": pl.String(),
}

IMPORTANCE: dict[str, pl.DataType] = {
    "freq": pl.String(),
    "metric": pl.String(),
    "factor": pl.String(),
    "share": pl.Float64(),
    "n_series": pl.Int64(),
}

SKILL: dict[str, pl.DataType] = {
    "freq": pl.String(),
    "metric": pl.String(),
    "level": pl.String(),
    "segment": pl.String(),
    "model": pl.String(),
    "first_horizon": pl.Int64(),
    "last_horizon": pl.Int64(),
    "peer": pl.String(),
    "n_origins": pl.Int64(),
    "n_values": pl.Int64(),
    "model_error": pl.Float64(),
    "peer_error": pl.Float64(),
    "gain": pl.Float64(),
    "standard_error": pl.Float64(),
    "skill": pl.String(),
}

SCENARIOS: dict[str, pl.DataType] = {
    "scenario": pl.String(),
    "because": pl.String(),
    "action": pl.String(),
    "owner_name": pl.String(),
    "trigger_sign": pl.String(),
}

PIPELINE: dict[str, pl.DataType] = {
    "unique_id": pl.String(),
    "metric": pl.String(),
    "level": pl.String(),
    "member": pl.String(),
    "freq": pl.String(),
    "period_start": pl.Date(),
    "horizon": pl.Int64(),
    "booked": pl.Float64(),
    "existing": pl.Float64(),
    "new": pl.Float64(),
    "mean": pl.Float64(),
    "yhat": pl.Float64(),
    **BOUNDS,
    "n_open_deals": pl.Int64(),
    "n_won_deals": pl.Int64(),
    "model": pl.String(),
}

DEAL_SCORES: dict[str, pl.DataType] = {
    "opportunity_id": pl.String(),
    "stage_code": pl.String(),
    "won_probability": pl.Float64(),
    "lost_probability": pl.Float64(),
    "open_probability": pl.Float64(),
    "median_close_on": pl.Date(),
    "entered_base": pl.Float64(),
    "expected_win_base": pl.Float64(),
    "expected_booking_base": pl.Float64(),
    "model": pl.String(),
    "model_version": pl.String(),
    "n_closed_deals": pl.Int64(),
    "fallback_reason": pl.String(),
    "reasons": pl.String(),
}

DEAL_PERIODS: dict[str, pl.DataType] = {
    "opportunity_id": pl.String(),
    "period_start": pl.Date(),
    "horizon": pl.Int64(),
    "won_probability": pl.Float64(),
    "lost_probability": pl.Float64(),
}

DEAL_REASONS: dict[str, pl.DataType] = {
    "opportunity_id": pl.String(),
    "feature": pl.String(),
    "value": pl.String(),
    "contribution": pl.Float64(),
    "rank": pl.Int64(),
}

LEAD_SCORES: dict[str, pl.DataType] = {
    "lead_id": pl.String(),
    "created_on": pl.Date(),
    "probability": pl.Float64(),
    "base_probability": pl.Float64(),
    "n_leads": pl.Int64(),
    "model": pl.String(),
    "fallback_reason": pl.String(),
    "reasons": pl.String(),
}

MODEL_REGISTRY: dict[str, pl.DataType] = {
    "model": pl.String(),
    "model_version": pl.String(),
    "is_served": pl.Boolean(),
    "trained_from": pl.Date(),
    "trained_to": pl.Date(),
    "features_hash": pl.String(),
    "n_closed_deals": pl.Int64(),
    "n_won_deals": pl.Int64(),
    "n_rows": pl.Int64(),
    "n_tested_rows": pl.Int64(),
    "auc": pl.Float64(),
    "brier": pl.Float64(),
    "log_loss": pl.Float64(),
    "calibration_slope": pl.Float64(),
    "null_share": pl.Float64(),
    "choice_reason": pl.String(),
    "is_approved": pl.Boolean(),
    "approved_by": pl.String(),
    "approved_on": pl.Date(),
    "approval_reason": pl.String(),
}

MODEL_APPROVALS: dict[str, pl.DataType] = {
    "model": pl.String(),
    "features_hash": pl.String(),
    "approved_by": pl.String(),
    "approved_on": pl.Date(),
    "reason": pl.String(),
}


def empty(schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """A frame without rows that has every column."""
    return pl.DataFrame(schema=schema)


def conform(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The columns of the schema in its order and types; a column the frame lacks is null."""
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in schema.items())


def without_infinities(frame: pl.DataFrame) -> pl.DataFrame:
    """Null instead of what is no number: an error of nothing, a standard error of one cutoff."""
    return frame.with_columns(pl.col(pl.Float64).replace([float("inf"), float("-inf")], None).fill_nan(None))
