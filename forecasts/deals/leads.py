"""Will a lead become a deal: a logit on what was known of it some days after it came in, judged on later leads.

Every lead is a training row at each of its first AGES that it reached without becoming a deal; the outcome is whether
it became one within the next WINDOW_DAYS, and a row counts only where these are over. The model serves if its
log-likelihood on the leads of the last TEST_DAYS, which it had not seen, is better than that of the rate of the age by
more than one standard error; else that rate serves. Words and score of a lead are those of the last export: no system
dates them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from forecasts.deals.competing_logit import Cells, fit_logit
from forecasts.deals.contributions import in_words, reason_rows
from forecasts.deals.features import Recipe, learn_recipe, null_share
from forecasts.deals.judging import TINY, auc, gain, slope
from forecasts.deals.win_model import PRECISION
from forecasts.output import schemas

AGES = (0, 3, 7, 14, 30, 60, 90)  # days: most of what happens to a lead happens early
WINDOW_DAYS = 90  # a lead that became no deal by then hardly ever does
TEST_DAYS = 180  # half a year of leads judges
FEWEST_CONVERTED = 50  # rows that became a deal, below which a logit of some twenty columns follows chance
LEAN = 20.0  # rows at the rate of all ages that the rate of an age is mixed with, as for stages
LEAD_MODEL, LEAD_RATE = "lead_model", "lead_rate"
NOT_FEATURES = {"lead_id", "created_on", "assigned_on", "converted_on", "age", "became"}


@dataclass(frozen=True)
class LeadScores:
    """rows: schemas.LEAD_SCORES, one per lead that is no deal yet and young enough.
    registry: schemas.MODEL_REGISTRY, one per candidate."""

    rows: pl.DataFrame
    registry: pl.DataFrame


@dataclass(frozen=True)
class _Model:
    """rates: of each age, the base that everything else moves. slopes: of the columns; the last one is the level."""

    rates: dict[int, float]
    recipe: Recipe
    slopes: np.ndarray

    def raw(self, rows: pl.DataFrame) -> pl.DataFrame:
        return _raw(rows, self.rates)

    def log_odds(self, rows: pl.DataFrame) -> np.ndarray:
        return np.asarray(self.recipe.matrix(self.raw(rows)) @ self.slopes[:-1] + self.slopes[-1])


def score_leads(leads: pl.DataFrame, as_of: date) -> LeadScores:
    """The chance of every lead that is no deal yet to become one within WINDOW_DAYS.

    leads: lead_id, created_on, assigned_on, converted_on, and columns of words and numbers that may tell something.
    """
    leads = leads.filter(pl.col("created_on") <= as_of).with_columns(
        pl.when(pl.col(day) <= as_of).then(day).alias(day) for day in ("assigned_on", "converted_on")
    )
    past = _panel(leads, as_of - timedelta(days=WINDOW_DAYS))
    oldest = as_of - timedelta(days=AGES[-1] + WINDOW_DAYS)
    now = leads.filter(pl.col("converted_on").is_null() & (pl.col("created_on") > oldest))
    now = _at(now.with_columns(age=(as_of - pl.col("created_on")).dt.total_days()), pl.lit(as_of))
    if past.is_empty() or now.is_empty():
        return LeadScores(schemas.empty(schemas.LEAD_SCORES), schemas.empty(schemas.MODEL_REGISTRY))
    refused, figures = _refused(past, as_of - timedelta(days=WINDOW_DAYS + TEST_DAYS))
    base = _rate(now, _rates(past))
    model = None if refused else _fit(past)
    chance = base if model is None else _chance(model.log_odds(now))
    rows = now.select("lead_id", "created_on").with_columns(
        probability=pl.Series(chance), base_probability=pl.Series(base), n_leads=past["lead_id"].n_unique(),
        model=pl.lit(LEAD_RATE if model is None else LEAD_MODEL), fallback_reason=pl.lit(refused, dtype=pl.String),
    )  # fmt: skip
    reasons = _reasons(model, now, as_of)
    rows = rows.join(reasons, on="lead_id", how="left", maintain_order="left")
    entries = [entry | _history(past, model, entry["model"], refused) for entry in figures]
    versioned = pl.DataFrame(entries).with_columns(model_version=pl.format("{}-{}", "model", pl.lit(str(as_of))))
    registry = schemas.conform(versioned, schemas.MODEL_REGISTRY)
    return LeadScores(schemas.conform(rows, schemas.LEAD_SCORES), registry)


def _panel(leads: pl.DataFrame, until: date) -> pl.DataFrame:
    """One row per lead and age that it reached by `until` without being a deal: what was known then, and `became`."""
    parts = []
    for age in AGES:
        day = pl.col("created_on") + timedelta(days=age)
        reached = leads.filter((day <= until) & (pl.col("converted_on").is_null() | (pl.col("converted_on") > day)))
        became = (pl.col("converted_on") <= day + timedelta(days=WINDOW_DAYS)).fill_null(value=False)
        parts.append(_at(reached.with_columns(age=pl.lit(age, dtype=pl.Int64), became=became), day))
    return pl.concat(parts)


def _at(leads: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """With what was known on a day: whether and how late the lead had been given to somebody."""
    is_assigned = (pl.col("assigned_on") <= day).fill_null(value=False)
    waited = (pl.min_horizontal(pl.col("assigned_on"), day) - pl.col("created_on")).dt.total_days().clip(0)
    waited_days = (waited.cast(pl.Float64) + 1).log()
    return leads.with_columns(has_owner=is_assigned.cast(pl.Float64), unassigned_days=waited_days)


def _raw(rows: pl.DataFrame, rates: dict[int, float]) -> pl.DataFrame:
    """The features: what the lead's columns say, and the log-odds of the share of leads as old that became a deal."""
    usual = np.clip(_rate(rows, rates), TINY, 1 - TINY)
    kept = rows.drop([name for name in rows.columns if name in NOT_FEATURES])
    return kept.with_columns(share_of_this_age_probability=pl.Series(np.log(usual / (1 - usual))))


def _fit(rows: pl.DataFrame) -> _Model:
    rates = _rates(rows)
    raw = _raw(rows, rates)
    recipe = learn_recipe(raw)
    columns = recipe.matrix(raw)
    cells = Cells.of_rows(columns, rows["became"].cast(pl.Int64).to_numpy())
    return _Model(rates, recipe, fit_logit(cells, PRECISION, np.zeros((2, columns.shape[1])))[0])


def _chance(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _rates(past: pl.DataFrame) -> dict[int, float]:
    """Of each age, the share of leads that became a deal."""
    overall = float(past["became"].mean() or 0)  # type: ignore[arg-type]
    by_age = past.group_by("age").agg(n=pl.len(), became=pl.col("became").sum())
    return {age: (became + LEAN * overall) / (n + LEAN) for age, n, became in by_age.rows()}


def _rate(rows: pl.DataFrame, rates: dict[int, float]) -> np.ndarray:
    """Each row's rate: that of the next lower of AGES with one."""
    ages = sorted(rates)
    place = np.searchsorted(np.array(ages), rows["age"].to_numpy(), side="right") - 1
    return np.array([rates[ages[max(index, 0)]] for index in place])


def _refused(past: pl.DataFrame, cut: date) -> tuple[str | None, list[dict[str, object]]]:
    """Why the model does not serve, and the figures of both out of time.

    The training rows' windows end before the first lead that is asked for came in.
    """
    landmark = pl.col("created_on") + pl.duration(days=pl.col("age"))
    before = past.filter(landmark + timedelta(days=WINDOW_DAYS) <= cut)
    later = past.filter(pl.col("created_on") > cut)
    converted = int(before["became"].sum())
    if converted < FEWEST_CONVERTED or later.is_empty():
        why = f"{converted} leads and ages became a deal before the test, {FEWEST_CONVERTED} are needed for the model"
        return why, [_figures(LEAD_RATE, None, None)]
    ours, theirs, became = (
        _chance(_fit(before).log_odds(later)),
        _rate(later, _rates(before)),
        later["became"].to_numpy(),
    )
    mean, error = gain(_log_likelihood(ours, became), _log_likelihood(theirs, became), later["lead_id"])
    figures = [_figures(LEAD_MODEL, ours, became), _figures(LEAD_RATE, theirs, became)]
    if mean > error:
        return None, figures
    return f"the lead model gained {mean:.3f} +- {error:.3f} nats a lead on the rate by age: no proof", figures


def _log_likelihood(chance: np.ndarray, became: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.clip(np.where(became, chance, 1 - chance), TINY, 1)))


def _figures(model: str, chance: np.ndarray | None, became: np.ndarray | None) -> dict[str, object]:
    if chance is None or became is None or became.all() or not became.any():
        return {"model": model, "n_tested_rows": 0}
    loss = float(-_log_likelihood(chance, became).mean())
    brier = float(np.mean((chance - became) ** 2))
    return {"model": model, "n_tested_rows": len(became), "auc": auc(chance, became), "brier": brier,
            "log_loss": loss, "calibration_slope": slope(chance, became)}  # fmt: skip


def _history(past: pl.DataFrame, model: _Model | None, name: object, refused: str | None) -> dict[str, object]:
    """What the models learnt from, and why the one serves."""
    is_served = (name == LEAD_MODEL) == (model is not None)
    reason = refused or "better than the rate by age out of time"
    return {"is_served": is_served, "trained_from": past["created_on"].min(), "trained_to": past["created_on"].max(),
            "n_rows": len(past), "n_closed_deals": past["lead_id"].n_unique(),
            "n_won_deals": past.filter("became")["lead_id"].n_unique(),
            "null_share": null_share(_raw(past, _rates(past))),
            "choice_reason": reason if name == LEAD_MODEL or refused else "the lead model is better"}  # fmt: skip


def _reasons(model: _Model | None, now: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """lead_id, reasons: the strongest contributions to the log-odds, in words; the rate has none."""
    if model is None:
        return pl.DataFrame(schema={"lead_id": pl.String, "reasons": pl.String})
    raw = model.raw(now)
    parts = model.recipe.matrix(raw) * model.slopes[:-1]
    of = [feature for feature, _ in model.recipe.columns]
    names = list(dict.fromkeys(of))
    summed = np.stack([parts[:, [index for index, name in enumerate(of) if name == one]].sum(axis=1) for one in names])
    rows = reason_rows(as_of, now["lead_id"].alias("deal_id"), raw, names, summed.T, float(model.slopes[-1]))
    return in_words(rows).rename({"deal_id": "lead_id"})
