"""Two words that no list knows, an industry and a reason of loss; nothing else of their rows is wrong."""

import polars as pl

from pipelines.demo.world import World

INDUSTRY_SYSTEM, INDUSTRY = "zoho", "Aquaculture"  # of the first customer record of the system
REASON_SYSTEM, REASON, EVERY = "hubspot", "Prise", 61  # of each so many lost deals of the system


def odd_industry(said: pl.Expr) -> pl.Expr:
    """The industry of Zoho's records: that of the first one is a word of its own."""
    return pl.when(pl.col("number") == 1).then(pl.lit(INDUSTRY)).otherwise(said)


def odd_reason() -> pl.Expr:
    """The reasons of loss of HubSpot's deals, some of them with a typo."""
    return pl.when(pl.col("number") % EVERY == 0).then(pl.lit(REASON)).otherwise("loss_reason")


def odd_words(world: World) -> pl.DataFrame:
    """One row per word outside the lists: source_system, object, column, word, rows (in the newest export)."""
    records = world.accounts(INDUSTRY_SYSTEM, world.last).filter(pl.col("number") == 1)
    lost = world.deal_rows(REASON_SYSTEM, world.last).filter(pl.col("is_lost") & (pl.col("number") % EVERY == 0))
    rows = [
        (INDUSTRY_SYSTEM, "accounts", "industry", INDUSTRY, len(records)),
        (REASON_SYSTEM, "opportunities", "loss_reason", REASON, len(lost)),
    ]
    used = {system.name for system in world.systems}
    columns = ["source_system", "object", "column", "word", "rows"]
    return pl.DataFrame([row for row in rows if row[0] in used and row[-1]], schema=columns, orient="row")
