"""Contracts that end: who is due, how many are renewed, and for how much."""

from datetime import timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth


def _ended(world: Truth) -> pl.DataFrame:
    return world["renewal_rates"].group_by("product_line").agg(pl.col("due", "renewed", "expanded").sum())


def _renewal_rates(world: Truth) -> Rows:
    rates = _ended(world).with_columns(rate=pl.col("renewed") / pl.col("due"))
    return rates.sort("product_line").select("product_line", "due", "rate").rows()


def _expansion(world: Truth) -> float:
    sums = _ended(world).select(pl.col("renewed", "expanded").sum())
    return float(sums["expanded"][0] / sums["renewed"][0])


def _fewer_renewed(world: Truth) -> Truth:
    rates = world["renewal_rates"]
    return world.with_table("renewal_rates", rates.with_columns(pl.col("renewed") * 0.9, pl.col("expanded") * 1.1))


def _due(world: Truth) -> pl.DataFrame:
    """Contracts that run, end within a year, and that nobody has renewed yet."""
    contracts = world["contracts"]
    renewed = contracts.drop_nulls("previous_source_id").select("source_system", source_id="previous_source_id")
    running = contracts.join(renewed, on=["source_system", "source_id"], how="anti")
    last = world.as_of + timedelta(days=365)
    return running.filter((pl.col("ends_on") > world.as_of) & (pl.col("ends_on") <= last))


def _due_next_month(world: Truth) -> Rows:
    due = _due(world).filter(pl.col("ends_on") <= world.as_of + timedelta(days=30)).sort("source_id")
    return due.select("source_id", "ends_on").rows()


def _due_amount(world: Truth) -> float:
    yuan = _due(world).filter(pl.col("currency") == "CNY")
    return float(yuan["amount_cents"].sum()) / 100


def _days_to_end(world: Truth) -> float:
    return float(_due(world).select((pl.col("ends_on") - world.as_of).dt.total_days().mean()).item())


def _longer_terms(world: Truth) -> Truth:
    ends = world["contracts"].with_columns(pl.col("ends_on") + timedelta(days=45))
    return world.with_table("contracts", ends)


QUESTIONS = (
    Question(
        "C58", "How many contracts of each product line have ended, and which share was renewed?", "rate",
        """
        select member, ended_count, renewal_rate from marts.renewal_rates
        where level = 'product_line' and period = 'all_time' order by member
        """,
        _renewal_rates, _fewer_renewed,
    ),
    Question(
        "C58", "Which share of the renewals was for more than before?", "rate",
        "select expansion_rate from marts.renewal_rates where level = 'total' and period = 'all_time'",
        _expansion, _fewer_renewed,
    ),
    Question(
        "C58", "Which contracts end within thirty days and are not renewed?", "list",
        "select source_id, ends_on from marts.contracts where is_due and days_to_end <= 30 order by source_id",
        _due_next_month, _longer_terms,
    ),
    Question(
        "C58", "How much do the contracts in yuan bring that end within a year?", "amount",
        "select sum(amount) from marts.contracts where is_due and currency = 'CNY'",
        _due_amount, _longer_terms,
    ),
    Question(
        "C58", "How many days are left of a contract that is due, on average?", "duration",
        "select avg(days_to_end) from marts.contracts where is_due",
        _days_to_end, _longer_terms,
    ),
)  # fmt: skip
