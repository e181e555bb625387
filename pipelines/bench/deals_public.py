"""Two public lists of deals: one with a signal and no dates, one with dates and no signal."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from forecasts.deals.competing_logit import Cells, fit_logit
from forecasts.deals.features import learn_recipe
from forecasts.deals.history import History
from forecasts.deals.judging import auc
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.schema import EXACT
from forecasts.deals.scores import score_deals
from forecasts.deals.settings import Settings
from forecasts.deals.win_model import PRECISION

REPEATS, FOLDS = 20, 10
MAVEN_DAYS = [date(2017, month, day) for month, day in ((5, 31), (6, 30), (7, 31), (8, 31), (9, 30))]


def outcome_chances(raw: pl.DataFrame, won: np.ndarray, asked: pl.DataFrame) -> np.ndarray:
    """The outcome head: recipe and logit of the win model, for deals of which only the end is known."""
    recipe = learn_recipe(raw)
    columns, later = recipe.matrix(raw), recipe.matrix(asked)
    slopes = fit_logit(Cells.of_rows(columns, won.astype(int)), PRECISION, np.zeros((2, columns.shape[1])))[0]
    return np.asarray(1 / (1 + np.exp(-(later @ slopes[:-1] + slopes[-1]))))


def measure_bohanec(folder: Path) -> dict[str, Any]:
    """Mean of 20 repeats of 10-fold cross-validation, duplicates removed, beside plain logistic regression."""
    frame = pl.read_csv(next(folder.glob("*.csv")), separator=";").unique(maintain_order=True)
    won, raw = (frame["Status"] == "Won").to_numpy(), frame.drop("Status")
    plain = raw.to_dummies().to_numpy().astype(float)
    figures: dict[str, list[float]] = {name: [] for name in ("auc", "brier", "plain_auc", "plain_brier")}
    for repeat in range(REPEATS):
        ours, theirs = np.zeros(len(won)), np.zeros(len(won))
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=repeat).split(plain, won):
            ours[test] = outcome_chances(raw[train], won[train], raw[test])
            theirs[test] = (
                LogisticRegression(max_iter=1000).fit(plain[train], won[train]).predict_proba(plain[test])[:, 1]
            )
        for name, chance in (("", ours), ("plain_", theirs)):
            figures[f"{name}auc"].append(auc(chance, won))
            figures[f"{name}brier"].append(float(np.mean((chance - won) ** 2)))
    return {"deals": len(frame), **{name: round(float(np.mean(values)), 4) for name, values in figures.items()}}


def measure_maven(folder: Path) -> dict[str, Any]:
    """Trained to September, tested on deals that close in the last quarter; and forecasts from the middle on."""
    deals, observations = maven(folder)
    history = History(date(2017, 9, 30), deals, observations)
    scores = score_deals(history, Settings())
    ends = deals.filter(pl.col("outcome").is_not_null()).select("deal_id", won=pl.col("outcome") == "won")
    asked = scores.deals.join(ends, on="deal_id")
    closed = pl.col("closed_on") <= history.as_of
    traits = observations.unique("deal_id", keep="first").join(ends, on="deal_id")
    traits = traits.join(deals.select("deal_id", "closed_on"), on="deal_id").sort("deal_id")
    columns = ["amount", "product_line", "rep", "team", "region", "industry"]
    train, test = traits.filter(closed), traits.filter(~closed)
    forced = outcome_chances(train.select(columns), train["won"].to_numpy(), test.select(columns))
    base = float(train["won"].mean() or 0)  # type: ignore[arg-type]
    return {
        "tested_deals": len(asked), "served_by": scores.deals["model"][0], "why": scores.deals["fallback_reason"][0],
        "served_auc": round(auc(asked["won_probability"].to_numpy(), asked["won"].to_numpy()), 3),
        "head_deals": len(test), "head_auc": round(auc(forced, test["won"].to_numpy()), 3),
        "head_brier": round(float(np.mean((forced - test["won"].to_numpy()) ** 2)), 4),
        "base_rate_brier": round(float(np.mean((base - test["won"].to_numpy()) ** 2)), 4),
        "drivers_named": len(scores.drivers), "forecasts": _maven_forecasts(deals, observations),
    }  # fmt: skip


def maven(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deals with a first day, and what was known of each: one observation then and one at its end.

    The amount entered is the product's list price: the list has no other before the close.
    """
    deals = pl.read_csv(folder / "sales_pipeline.csv", try_parse_dates=True).drop_nulls("engage_date")
    prices = pl.read_csv(folder / "products.csv").with_columns(pl.col("product").str.replace(" ", ""))
    deals = deals.with_columns(key=pl.col("product").str.replace(" ", "")).join(
        prices, left_on="key", right_on="product", how="left"
    )
    deals = deals.join(pl.read_csv(folder / "sales_teams.csv"), on="sales_agent", how="left")
    deals = deals.join(pl.read_csv(folder / "accounts.csv").select("account", "sector"), on="account", how="left")
    outcome = pl.when(pl.col("deal_stage").is_in(["Won", "Lost"])).then(pl.col("deal_stage").str.to_lowercase())
    deals = deals.select(
        deal_id="opportunity_id", basis=pl.lit(EXACT), customer_id="account", created_on="engage_date",
        closed_on="close_date", outcome=outcome, amount=pl.col("close_value").cast(pl.Float64), product_line="product",
        rep="sales_agent", team="manager", region="regional_office", industry="sector",
        price=pl.col("sales_price").cast(pl.Float64),
    )  # fmt: skip
    seen = deals.select(
        "deal_id", "product_line", "rep", "team", "region", "industry", "closed_on", "outcome", known_on="created_on",
        status_code=pl.lit("open"), stage_code=pl.lit("Engaging"), amount="price",
    )  # fmt: skip
    ends = seen.filter(pl.col("outcome").is_not_null()).with_columns(known_on="closed_on", status_code="outcome")
    return deals.drop("price"), pl.concat([seen, ends]).drop("closed_on", "outcome")


def _maven_forecasts(deals: pl.DataFrame, observations: pl.DataFrame) -> list[dict[str, Any]]:
    won = deals.filter(pl.col("outcome") == "won").group_by(
        pl.col("closed_on").dt.truncate("1mo").alias("period_start")
    )
    actual = dict(won.agg(pl.col("amount").sum()).iter_rows())
    out = []
    for day in MAVEN_DAYS:
        history = History(day, deals, observations)
        rows = forecast_pipeline(history, score_deals(history), {}).rows.filter(pl.col("metric") == "bookings")
        past = [value for month, value in sorted(actual.items()) if month <= day]
        for row in rows.filter(pl.col("horizon") <= 3).iter_rows(named=True):
            out.append({
                "as_of": day, "lag": row["horizon"], "existing": round(row["existing"]), "new": round(row["new"]),
                "yhat": round(row["yhat"]), "lo_80": round(row["lo_80"]), "hi_80": round(row["hi_80"]),
                "actual": actual.get(row["period_start"], 0), "last_value": past[-1],
                "mean_of_12": round(float(np.mean(past[-12:]))), "open_deals": row["open_deal_count"],
            })  # fmt: skip
    return out
