"""The columns of every frame of the deal forecast, with grain, units and what null means.

DEALS: one row per deal that is known at as_of. OBSERVATIONS: one row per deal and day on which something was known to
have changed, the whole state as it stood at the end of that day; for a system that keeps no history one row per export
that shows the deal, changed or not. A null is a value that nobody had entered. Both frames may carry further columns:
of DEALS they are nodes to add up by, of OBSERVATIONS they are features (text or number) of the win model.
"""

import polars as pl

from forecasts.output.schemas import BOUNDS

Schema = dict[str, pl.DataType]

EXACT, EXPORTS = "exact_history", "dated_exports"  # the two kinds of basis
OPEN, WON, LOST = "open", "won", "lost"  # status and outcome

DEALS: Schema = {
    "deal_id": pl.String(),
    "basis": pl.String(),  # exact_history | dated_exports: how the observations of its system came about
    "customer_id": pl.String(),  # may be null
    "created_on": pl.Date(),
    "closed_on": pl.Date(),  # null while open, as known at as_of
    "outcome": pl.String(),  # won | lost | null while open
    "amount": pl.Float64(),  # base currency, as known at as_of: of a won deal the booking
}

# The least an observation holds; the columns below it are used where they exist.
OBSERVATIONS: Schema = {
    "deal_id": pl.String(),
    "known_on": pl.Date(),
    "status_code": pl.String(),  # open | won | lost; a lost deal that is opened again has an open row after it
    "stage_code": pl.String(),  # of the open stages, any words; null where unknown
    "amount": pl.Float64(),  # base currency, as entered then
}

KNOWN_FEATURES: Schema = {
    "stage_order": pl.Int64(),  # place of the stage from 0
    "stage_since": pl.Date(),  # when the stage was entered, or first seen
    "expected_close_on": pl.Date(),
    "typed_probability": pl.Float64(),  # 0 to 1
    "category_code": pl.String(),  # commit, best case, pipeline
    "has_budget": pl.Boolean(),
    "has_decision_process": pl.Boolean(),
    "has_decision_maker": pl.Boolean(),
    "activity_count": pl.Int64(),  # up to known_on, as all counts here
    "deep_activity_count": pl.Int64(),  # visits and meetings
    "last_activity_on": pl.Date(),
    "contact_count": pl.Int64(),
    "role_count": pl.Int64(),
    "push_count": pl.Int64(),  # expected days put off
    "move_count": pl.Int64(),
    "backward_count": pl.Int64(),
    "channel": pl.String(),
    "deal_type": pl.String(),
    "product_line": pl.String(),
    "region": pl.String(),
    "team": pl.String(),
    "rep": pl.String(),
    "industry": pl.String(),
    "tier": pl.String(),
    "customer_size": pl.Float64(),  # employees, or any measure of it
}

# One row per as_of and open deal.
SCORES: Schema = {
    "as_of": pl.Date(),
    "deal_id": pl.String(),
    "stage_code": pl.String(),
    "amount": pl.Float64(),  # as entered now
    "won_probability": pl.Float64(),  # within the horizon; with the other two it sums to 1
    "lost_probability": pl.Float64(),
    "open_probability": pl.Float64(),  # still open at the end of the horizon
    "median_close_on": pl.Date(),  # by then it is won or lost with a chance of one half; null: beyond the horizon
    "expected_amount": pl.Float64(),  # base currency, where it is won
    "expected_booking_amount": pl.Float64(),  # won_probability x expected_amount
    "model": pl.String(),  # win_model | stage_table | seed
    "model_version": pl.String(),
    "n": pl.Int64(),  # closed deals behind the score: of the model, of the cell, 0 of the seed
    "fallback_reason": pl.String(),  # null where the win model serves
    "reasons": pl.String(),  # in words, strongest first
}

# One row per as_of, open deal and period of the horizon.
PERIODS: Schema = {
    "as_of": pl.Date(),
    "deal_id": pl.String(),
    "period_start": pl.Date(),
    "horizon": pl.Int64(),
    "won_probability": pl.Float64(),  # closes as won in the period
    "lost_probability": pl.Float64(),
}

# One row per as_of, open deal and reason; the contributions of a deal sum to the log-odds of its won_probability.
REASONS: Schema = {
    "as_of": pl.Date(),
    "deal_id": pl.String(),
    "feature": pl.String(),  # `typical deal` is what all deals have in common
    "value": pl.String(),
    "contribution": pl.Float64(),  # log-odds
    "rank": pl.Int64(),  # 1 is the strongest; 0 the typical deal
}

# One row per model and feature.
DRIVERS: Schema = {
    "model": pl.String(),
    "feature": pl.String(),
    "mean_absolute_contribution": pl.Float64(),  # log-odds, over the open deals
    "n": pl.Int64(),
}

# One row per node, metric and period.
FORECAST: Schema = {
    "unique_id": pl.String(),  # metric|level|member|freq, as every series
    "metric": pl.String(),  # bookings (base currency), won_deals, new_customers, inflow_deals (counts)
    "level": pl.String(),
    "member": pl.String(),
    "freq": pl.String(),
    "as_of": pl.Date(),
    "period_start": pl.Date(),
    "horizon": pl.Int64(),  # 1 is the first period that ends after as_of; it may have begun
    "booked": pl.Float64(),  # of that period, up to as_of
    "existing": pl.Float64(),  # mean of the wins of deals that are open at as_of
    "new": pl.Float64(),  # mean of the wins of deals created (or opened again) later
    "mean": pl.Float64(),  # booked + existing + new: means add up over members
    "yhat": pl.Float64(),  # median of the same, as every yhat
    **BOUNDS,
    "open_deal_count": pl.Int64(),
    "n": pl.Int64(),  # won deals behind it
    "model": pl.String(),  # of the existing deals: win_model, stage_table, seed, or mixed
}

# One row per as_of and candidate model; is_served marks the one that serves.
REGISTRY: Schema = {
    "as_of": pl.Date(),
    "model": pl.String(),
    "model_version": pl.String(),
    "is_served": pl.Boolean(),
    "trained_from": pl.Date(),  # first and last origin of the training rows
    "trained_to": pl.Date(),
    "features_hash": pl.String(),
    "closed_deal_count": pl.Int64(),
    "won_deal_count": pl.Int64(),
    "row_count": pl.Int64(),
    "tested_row_count": pl.Int64(),
    "auc": pl.Float64(),  # out of time: won inside the horizon of the test, or not; null where it was not tested
    "brier": pl.Float64(),
    "log_loss": pl.Float64(),  # per deal and period, of won, lost, open
    "calibration_slope": pl.Float64(),
    "null_share": pl.Float64(),  # of the features' values
    "reason": pl.String(),  # why it serves, or why not
}


def conform(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The frame with exactly the columns of the schema, in its order and types."""
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())
