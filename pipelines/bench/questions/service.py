"""Tickets, complaints and satisfaction of customers."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

SATISFIED = 0.8


def _complaints(world: Truth) -> Rows:
    tickets = world["tickets"].filter("is_complaint")
    closed = tickets.filter(pl.col("closed_on").is_not_null())
    days = (closed["closed_on"] - closed["opened_on"]).dt.total_days().mean()
    return [(len(tickets), len(tickets) - len(closed), float(days))]  # type: ignore[arg-type]


def _late_share(world: Truth) -> float:
    ended = pl.col("closed_on").fill_null(world.as_of)
    return float(world["tickets"].select((ended > pl.col("due_on")).mean()).item())


def _csat(world: Truth) -> Rows:
    answers = world["surveys"].with_columns(share=pl.col("score") / pl.col("scale_max"))
    kept = answers.filter(pl.col("answered_on").dt.year() == world.as_of.year)
    return [(len(kept), float(kept["share"].mean()), float((kept["share"] >= SATISFIED).mean()))]  # type: ignore[arg-type]


def _complaining_revenue(world: Truth) -> float:
    """Revenue within a year of the customers that complained within it."""
    since = world.as_of.replace(year=world.as_of.year - 1)
    told = world["tickets"].filter(pl.col("is_complaint") & (pl.col("opened_on") > since))
    lines = world["sales_lines"].filter(pl.col("invoiced_on") > since)
    return float(lines.join(told, on="customer", how="semi")["amount_base_e4"].sum()) / 10_000


def _no_complaint(world: Truth) -> Truth:
    tickets = world["tickets"].with_columns(is_complaint=pl.col("is_complaint") & (pl.col("priority") != "High"))
    return world.with_table("tickets", tickets)


def _one_reply_worse(world: Truth) -> Truth:
    surveys = world["surveys"].sort("answered_on")
    score = pl.when(pl.int_range(pl.len()) >= pl.len() - 3).then(1).otherwise("score")
    return world.with_table("surveys", surveys.with_columns(score=score))


def _slower(world: Truth) -> Truth:
    due = pl.col("due_on") - pl.duration(days=1)
    return world.with_table("tickets", world["tickets"].with_columns(due_on=due))


QUESTIONS = (
    Question(
        "C86", "How many complaints, how many of them open, and how many days until they are closed?", "duration",
        """
        select count(*), count(*) filter (where is_open), avg(open_days) filter (where not is_open)
        from marts.tickets where is_complaint
        """,
        _complaints, _no_complaint,
    ),
    Question(
        "C86", "Which share of the tickets was not solved by the promised day?", "rate",
        "select avg(cast(is_late as integer)) from marts.tickets",
        _late_share, _slower,
    ),
    Question(
        "C86", "How satisfied are customers this year: answers, mean score, share satisfied?", "rate",
        """
        select sum(answer_count), sum(mean_score_share * answer_count) / sum(answer_count),
            sum(satisfied_share * answer_count) / sum(answer_count)
        from marts.customer_satisfaction
        where period = 'month'
            and year(period_start) = (select max(year(period_start)) from marts.customer_satisfaction)
        """,
        _csat, _one_reply_worse,
    ),
    Question(
        "C86", "How much revenue of the last twelve months comes from customers that complained in them?", "amount",
        """
        select sum(revenue_base) from marts.customer_satisfaction
        where period = 'last_12_months' and complaint_count > 0
        """,
        _complaining_revenue, _no_complaint,
        tolerance=0.07, because="one of them buys under a record that shares nothing with the complaining one",
    ),
)  # fmt: skip
