"""The true contracts on software and services: one year each, renewed or not, for more or for less."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import kept, listed_deals, rates
from pipelines.demo.world import World

KEEPERS = ("salesforce", "fxiaoke")
TERM_DAYS = 365
ROUND = 10_000  # cents: renewals are for whole hundreds


@kept
def true_agreements(world: World) -> pl.DataFrame:
    """One row per contract signed by the newest export: contract, previous (contract that it renews), term (1, 2 ...),
    deal (of the first term only), signed, started, ends (days), cents, and of the deal: system, source_id, customer,
    account_id, account_name, currency, product_line, title, rep_name.

    Renewals need no deal and are invoiced with the repeat orders: they add no revenue of their own.
    """
    law, rng = rates("agreements"), ids.rng_for(world.seed, "agreements")
    won = listed_deals(world).filter(
        pl.col("system").is_in(KEEPERS) & (pl.col("outcome") == "won") & pl.col("product_line").is_in(law["lines"])
    )
    kept = won.select(
        "system", "source_id", "customer", "account_id", "account_name", "currency", "product_line", "title", "rep_name"
    )
    rows = [row for place in range(len(won)) for row in _terms(rng, world, won.row(place, named=True), place)]
    terms = pl.DataFrame(rows, schema_overrides={"deal": pl.Int64}, infer_schema_length=None)
    terms = terms.join(
        kept.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64)), on="place", how="left"
    )
    terms = (
        terms.sort("signed", "place", "term").with_row_index("contract").with_columns(pl.col("contract").cast(pl.Int64))
    )
    previous = terms.select("place", term=pl.col("term") + 1, previous="contract")
    return terms.join(previous, on=["place", "term"], how="left", maintain_order="left").drop("place")


def _terms(rng: np.random.Generator, world: World, deal: dict[str, Any], position: int) -> Iterator[dict[str, Any]]:
    """The terms of one deal's contract, each signed by the last day; the draws are the same however far that is."""
    law = rates("agreements")
    started = deal["closed"] + int(rng.integers(5, 26))
    signed, cents, term = deal["closed"], deal["amount"], 1
    while signed <= world.last:
        ends = started + TERM_DAYS - 1
        yield {
            "place": position, "term": term, "signed": signed, "started": started, "ends": ends, "cents": cents,
            "deal": deal["deal"] if term == 1 else None,
        }  # fmt: skip
        if rng.random() >= law["renewed"][deal["product_line"]]:
            return
        signed, started, term = ends - int(rng.integers(0, law["signed_before"])), ends + 1, term + 1
        cents = max(round(cents * _change(rng) / ROUND), 1) * ROUND


def _change(rng: np.random.Generator) -> float:
    law, draw = rates("agreements"), rng.random()
    if draw < law["grown"]:
        return float(rng.uniform(*law["growth"]))
    return float(rng.uniform(*law["shrinkage"])) if draw > 1 - law["shrunk"] else 1.0


def renewal_rates(agreements: pl.DataFrame, last: int) -> pl.DataFrame:
    """Contracts that ended by a day, by quarter of their end and product line: quarter, product_line, due, renewed,
    due_cents and renewed_cents by currency."""
    later = agreements.drop_nulls("previous").select(contract="previous", renewed_cents="cents")
    ended = agreements.filter(pl.col("ends") <= last).join(later, on="contract", how="left", maintain_order="left")
    quarter = pl.col("ends").cast(pl.Int32).cast(pl.Date).dt.truncate("1q")
    return ended.group_by(quarter.alias("quarter"), "product_line", "currency").agg(
        due=pl.len(), renewed=pl.col("renewed_cents").count(), due_cents=pl.col("cents").sum(),
        renewed_cents=pl.col("renewed_cents").sum(), expanded=(pl.col("renewed_cents") > pl.col("cents")).sum(),
    ).sort("quarter", "product_line", "currency")  # fmt: skip
