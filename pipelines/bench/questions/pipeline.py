"""The pipeline and what was won."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth


def _decided(world: Truth) -> Rows:
    kept = world["deals"].filter(~pl.col("is_deleted"))
    deals = world["deal_facts"].join(kept, on="true_deal_id", how="semi").filter(pl.col("closed_on") <= world.as_of)
    return deals.group_by("outcome").len().sort("outcome").rows()


def _won_share(world: Truth) -> float:
    counts = {outcome: float(count or 0) for outcome, count in _decided(world)}  # type: ignore[arg-type]
    return counts["won"] / sum(counts.values())


def _another_outcome(world: Truth) -> Truth:
    facts = world["deal_facts"]
    wrong = (pl.col("outcome") == "lost") & (pl.col("channel") == "Outbound")
    outcome = pl.when(wrong).then(pl.lit("won")).otherwise("outcome")
    return world.with_table("deal_facts", facts.with_columns(outcome=outcome))


def _won_last_month(world: Truth) -> float:
    month = world.as_of.replace(day=1)
    return float(world["bookings"].filter(pl.col("month") == month)["amount_base"].sum())


def _a_larger_month(world: Truth) -> Truth:
    amount, month = pl.col("amount_base"), world.as_of.replace(day=1)
    grown = pl.when(pl.col("month") == month).then(amount * 2).otherwise(amount)
    return world.with_table("bookings", world["bookings"].with_columns(amount_base=grown))


QUESTIONS = (
    Question(
        "C10", "How many deals were won and lost so far?", "count",
        """
        select case when is_won then 'won' else 'lost' end as outcome, count(*)
        from marts.opportunities where not is_open group by all order by 1
        """,
        _decided, _another_outcome,
        tolerance=0.001, because="some deals that two systems keep share nothing that tells so",
    ),
    Question(
        "C10", "Which share of the closed deals was won?", "rate",
        "select count(*) filter (where is_won) / count(*) from marts.opportunities where not is_open",
        _won_share, _another_outcome,
        tolerance=0.001, because="some deals that two systems keep share nothing that tells so",
    ),
    Question(
        "C35", "What was won in the last month?", "amount",
        """
        select y from marts.series_history
        where unique_id = 'bookings|total||MS' order by ds desc limit 1
        """,
        _won_last_month, _a_larger_month,
    ),
)  # fmt: skip
