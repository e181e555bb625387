"""The truth beside the exports: which record is whom, what was really sold, and which rows must be refused."""

from pathlib import Path

import polars as pl

from pipelines.demo.chances import deal_chances
from pipelines.demo.files import Outbox
from pipelines.demo.rates import in_base
from pipelines.demo.truth_company import company_truth, written_names
from pipelines.demo.truth_deals import (
    dated,
    deal_facts,
    deal_moves,
    order_deals,
    recorded_activities,
    recorded_roles,
)
from pipelines.demo.truth_orders import order_truth
from pipelines.demo.truth_sales import sales_lines
from pipelines.demo.world import World

FOUR_PLACES = 10_000


def write_truth(folder: Path, world: World, out: Outbox) -> dict[str, pl.DataFrame]:
    """One Parquet file per table; returns the tables by name. docs/sample_company.md says what a row of each is."""
    deals = world.deals
    tables = {
        "accounts": _accounts(world),
        "customers": world.customers.select(
            "customer", "name", "tax_id", "domain", "region", "city", "parent", "is_strategic", "employees"
        ),
        "deals": _deals(world),
        "deal_facts": deal_facts(world),
        "deal_moves": deal_moves(deals),
        "deal_guesses": dated(deals.guesses, "day", "expected").rename({"deal": "true_deal_id"}),
        "deal_chances": deal_chances(deals.hidden, world.customers, world.first, world.last).rename(
            {"deal": "true_deal_id"}
        ),
        "activities": recorded_activities(world),
        "contact_roles": recorded_roles(world),
        "order_deals": order_deals(world),
        "reps": dated(world.reps, "hired", "left"),
        "revenue": _revenue(world),
        "sales_lines": sales_lines(world),
        "bookings": _bookings(world),
        "bad_rows": pl.DataFrame(
            out.bad, schema={"path": pl.String, "object": pl.String, "kind": pl.String, "column": pl.String}
        ),
        **company_truth(world),
        **order_truth(world),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    return tables


def _accounts(world: World) -> pl.DataFrame:
    """Account records as their systems export them, and the names by which other lists mean a customer."""
    kept = world.records.filter(pl.col("created") <= world.last)
    own = kept.select(
        source_system="system",
        source_id="source_id",
        true_customer_id="customer",
        is_implied=pl.lit(False),
        is_first="is_first",
        is_twin="is_twin",
        is_changed="is_changed",
        is_alone="is_alone",
        tells_tax_id=pl.col("tax_id").is_not_null(),
    )
    listed = world.listings.filter(pl.col("system") == "tracker").join(
        world.records.select("record", "account_name"), on="record", how="left"
    )
    named = pl.concat([listed.select("system", "customer", "account_name"), written_names(world)])
    implied = named.select(
        source_system="system",
        source_id=pl.concat_str(pl.lit("name:"), "account_name"),
        true_customer_id="customer",
        is_implied=pl.lit(True),
        is_first=pl.lit(False),
        is_twin=pl.lit(False),
        is_changed=pl.lit(False),
        is_alone=pl.lit(True),
        tells_tax_id=pl.lit(False),
    ).unique(maintain_order=True)
    return pl.concat([own, implied])


def _deals(world: World) -> pl.DataFrame:
    facts = world.deals.facts.select("deal", "outcome", "closed")
    rows = world.listings.drop("outcome").join(facts, on="deal", how="left", maintain_order="left")
    born = world.deals.facts.select("deal", born="created")
    rows = rows.join(born, on="deal", how="left", maintain_order="left").filter(
        pl.col("born") + pl.col("lag") <= world.last
    )
    return rows.select(
        source_system="system",
        source_id="source_id",
        true_deal_id="deal",
        kind="kind",
        outcome="outcome",
        is_deleted=pl.col("deleted_from").is_not_null(),
        true_customer_id="customer",
        lacks_day="lacks_day",
    )


def _month(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int32).cast(pl.Date).dt.truncate("1mo")


def _decimal(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Decimal(18, 4)) / pl.lit(FOUR_PLACES)).cast(pl.Decimal(18, 4)).alias(column)


def _revenue(world: World) -> pl.DataFrame:
    lines = world.sales.invoice_lines
    lines = lines.with_columns(amount_base=in_base(lines, world.rates, cents="net", day="invoiced"))
    lines = lines.join(world.customers.select("customer", "region"), on="customer", how="left")
    lines = lines.join(world.products.select("product", "product_line"), on="product", how="left")
    grouped = lines.group_by(month=_month("invoiced"), region="region", product_line="product_line").agg(
        pl.col("amount_base").sum(), lines=pl.len(), quantity=pl.col("quantity").sum()
    )
    return grouped.sort("month", "region", "product_line").with_columns(_decimal("amount_base"))


def _bookings(world: World) -> pl.DataFrame:
    won = world.deals.facts.filter(pl.col("outcome") == "won")
    won = won.with_columns(amount_base=in_base(won, world.rates, cents="amount", day="closed"))
    grouped = won.group_by(month=_month("closed")).agg(pl.col("amount_base").sum(), deals=pl.len())
    return grouped.sort("month").with_columns(_decimal("amount_base"))
