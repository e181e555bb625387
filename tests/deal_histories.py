"""Small made histories of deals for the tests of the deal forecast; drawn plainly, without the engine's code."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

FIRST = date(2023, 1, 1)
STAGES = ("talk", "offer", "deal")
WEEKLY = {"talk": (0.10, 0.05, 0.0), "offer": (0.10, 0.05, 0.0), "deal": (0.0, 0.06, 0.12)}  # on, lost, won
REGIONS = ("north", "south")


def made_deals(
    seed: int, months: int = 36, per_month: float = 25, signal: float = 1.0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deals and observations of a company whose deals move week by week; stages say everything, amounts nothing.

    signal: of deals by referral the chance of a win in a week is so many times as high, that of a loss so much lower.
    """
    rng, deals, seen = np.random.default_rng(seed), [], []
    last = FIRST + timedelta(days=round(months * 30.4))
    for number in range(int(rng.poisson(per_month * months))):
        day = FIRST + timedelta(days=int(rng.integers((last - FIRST).days)))
        deal: dict[str, Any] = {"deal_id": f"d{number:05d}", "created_on": day}
        deal["region"] = REGIONS[int(rng.random() < 0.3)]
        amount = float(np.round(1000 * np.exp(rng.normal(0, 0.8)), 2))
        channel = ("referral", "cold")[int(rng.random() < 0.5)]
        rows, outcome = lived(rng, deal["deal_id"], day, last, amount, signal if channel == "referral" else 1.0)
        seen += [row | {"region": deal["region"], "channel": channel} for row in rows]
        closed_on = rows[-1]["known_on"] if outcome else None
        deals.append(
            deal
            | {"basis": "exact_history", "customer_id": f"c{number % 97}", "closed_on": closed_on}
            | {"outcome": outcome, "amount": amount}
        )  # fmt: skip
    schema = {"closed_on": pl.Date, "outcome": pl.String}
    return pl.DataFrame(deals, schema_overrides=schema), pl.DataFrame(seen, schema_overrides={"stage_code": pl.String})


def lived(
    rng: np.random.Generator, deal_id: str, day: date, last: date, amount: float, signal: float
) -> tuple[list[dict], str | None]:
    """The observations of one deal up to the last day, and how it ended, if it did."""
    place, rows = 0, list[dict[str, Any]]()

    def told(status: str) -> None:
        stage = STAGES[place] if status == "open" else None
        row = {"deal_id": deal_id, "known_on": day, "status_code": status, "stage_code": stage, "stage_order": place}
        rows.append(row | {"amount": amount, "activity_count": len(rows)})

    told("open")
    while day + timedelta(days=7) <= last:
        day += timedelta(days=7)
        on, lost, won = WEEKLY[STAGES[place]]
        lost, won, draw = lost / signal, won * signal, rng.random()
        if draw < lost + won:
            told("lost" if draw < lost else "won")
            return rows, rows[-1]["status_code"]
        if draw < lost + won + on:
            place += 1
            told("open")
    return rows, None


def deal_rows(*rows: dict[str, object], **usual: object) -> pl.DataFrame:
    """Deals d0, d1 and so on: open since January 2025 for an amount of 5, but for what is said of all or of each."""
    every: dict[str, object] = {"basis": "exact_history", "customer_id": None, "created_on": date(2025, 1, 1)}
    every |= {"closed_on": None, "outcome": None, "amount": 5.0} | usual
    schema = {"customer_id": pl.String, "closed_on": pl.Date, "outcome": pl.String}
    named = [{"deal_id": f"d{number}"} | every | row for number, row in enumerate(rows)]
    return pl.DataFrame(named, schema_overrides=schema)


def deal_looks(*rows: tuple[str, date, str, float]) -> pl.DataFrame:
    """Observations in the stage talk: the deal, the day, its status and amount."""
    columns = ["deal_id", "known_on", "status_code", "amount"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(stage_code=pl.lit("talk"))
