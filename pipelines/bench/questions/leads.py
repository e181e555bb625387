"""Leads: who got them when, what became of them, and who should have those that nobody has."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

ASSIGN_DAYS, SETTLED_DAYS, BAND = 2, 60, 20
WAITED = pl.col("assigned_on") - pl.col("created_on")
IS_DEAL = pl.col("converted_on").is_not_null()


def _leads(world: Truth) -> pl.DataFrame:
    waited = WAITED.dt.total_days()
    age = (pl.lit(world.as_of) - pl.col("created_on")).dt.total_days()
    return world["leads"].with_columns(waited=waited, age=age, is_deal=IS_DEAL, is_settled=age >= SETTLED_DAYS)


def _assignment(world: Truth) -> Rows:
    waits = pl.col("waited").is_null() & (pl.col("age") > ASSIGN_DAYS)
    return _leads(world).group_by("channel").agg(
        pl.len(), (pl.col("waited") > ASSIGN_DAYS).sum().alias("slow"), waits.sum().alias("overdue"),
        pl.col("waited").mean().alias("days"),
    ).sort("channel").rows()  # fmt: skip


def _waiting(world: Truth) -> Rows:
    waiting = _leads(world).filter(pl.col("waited").is_null())
    reps = world["reps"].filter(pl.col("left").is_null() | (pl.col("left") > world.as_of))
    near = waiting.join(reps.select("region").unique(), on="region", how="semi").group_by("region").len("near")
    counted = waiting.group_by("region").len().join(near, on="region", how="left")
    return counted.select("region", "len", "near").sort("region").rows()


def _conversion(world: Truth, by: pl.Expr) -> Rows:
    settled = _leads(world).filter("is_settled")
    return settled.group_by(by.alias("member")).agg(pl.len(), pl.col("is_deal").mean()).sort("member").rows()


def _by_score(world: Truth) -> Rows:
    band = (pl.col("score").clip(0, 99) // BAND * BAND).cast(pl.String).str.zfill(2)
    return _conversion(world, band.fill_null("unscored"))


def _by_wait(world: Truth) -> Rows:
    wait = pl.when(pl.col("waited").is_null()).then(pl.lit("overdue"))
    return _conversion(
        world, wait.when(pl.col("waited") > ASSIGN_DAYS).then(pl.lit("slow")).otherwise(pl.lit("in_time"))
    )


def _days_to_deal(world: Truth) -> Rows:
    days = (pl.col("converted_on") - pl.col("created_on")).dt.total_days()
    return _leads(world).filter("is_deal").group_by("channel").agg(days.median()).sort("channel").rows()


def _changed(world: Truth, who: pl.Expr, **columns: pl.Expr) -> Truth:
    leads = world["leads"]
    wrong = {name: pl.when(who).then(value).otherwise(name) for name, value in columns.items()}
    return world.with_table("leads", leads.with_columns(**wrong))


def _one_more_deal(world: Truth) -> Truth:
    return _changed(world, pl.col("source_id") == _lost(world), converted_on=pl.col("created_on"))


def _one_later(world: Truth) -> Truth:
    return _changed(world, pl.col("source_id") == _lost(world), assigned_on=pl.col("created_on") + pl.duration(days=90))


def _lost(world: Truth) -> str:
    """A settled lead with an owner and a score that became no deal."""
    leads = _leads(world).filter(pl.col("is_settled") & ~pl.col("is_deal") & (pl.col("waited") == 0))
    return str(leads.drop_nulls("score")["source_id"][0])


def _another_region(world: Truth) -> Truth:
    return _changed(world, WAITED.is_null() & (pl.col("region") == "Europe"), region=pl.lit("Americas"))


def _all_on_one_day(world: Truth) -> Truth:
    return _changed(world, pl.col("channel") == "Partner", converted_on=pl.col("created_on"))


QUESTIONS = (
    Question(
        "C28", "By channel: leads, how many got their owner late, how many have waited too long, mean days of waiting?",
        "duration",
        """
        select member, lead_count, slow_count, overdue_count, mean_assignment_days
        from marts.lead_conversion where level = 'channel' and period = 'all_time' order by 1
        """,
        _assignment, _one_later,
    ),
    Question(
        "C28", "How many leads of each region have no owner, and how many of these are recommended to a rep there?",
        "count",
        """
        select leads.region, count(*), count(*) filter (where reps.region = leads.region)
        from marts.leads left join marts.reps on leads.recommended_rep_id = reps.rep_id
        where leads.assignment_code in ('waiting', 'overdue') group by all order by 1
        """,
        _waiting, _another_region,
    ),
    Question(
        "C28", "Do leads that wait for an owner become deals less often?", "rate",
        """
        select member, settled_count, conversion_rate from marts.lead_conversion
        where level = 'assignment' and period = 'all_time' and settled_count > 0 order by 1
        """,
        _by_wait, _one_more_deal,
    ),
    Question(
        "C46", "Of settled leads of each score band, which share became deals?", "rate",
        """
        select member, settled_count, conversion_rate from marts.lead_conversion
        where level = 'score_band' and period = 'all_time' and settled_count > 0 order by 1
        """,
        _by_score, _one_more_deal,
    ),
    Question(
        "C46", "How many days lie between a lead and its deal, by channel (median)?", "duration",
        """
        select channel, median(conversion_days) from marts.leads
        where lead_status_code = 'converted' group by all order by 1
        """,
        _days_to_deal, _all_on_one_day,
    ),
)  # fmt: skip
