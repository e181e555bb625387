"""The pipeline over time: what came and went in each sprint, and what stood open on a past day."""

from datetime import date, timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

SPRINT_DAYS, SPRINTS = 14, 6


def _kept(world: Truth) -> pl.DataFrame:
    kept = world["deals"].filter(~pl.col("is_deleted"))
    return world["deal_facts"].join(kept, on="true_deal_id", how="semi")


def _sprints(world: Truth) -> Rows:
    deals, rows = _kept(world), []
    for number in range(SPRINTS):
        end = world.as_of - timedelta(days=SPRINT_DAYS * number)
        start = end - timedelta(days=SPRINT_DAYS - 1)
        won = deals.filter((pl.col("outcome") == "won") & pl.col("closed_on").is_between(start, end))
        rows.append((start, _came(deals, start, end), len(won)))
    return sorted(rows)


def _came(deals: pl.DataFrame, start: date, end: date) -> int:
    return len(deals.filter(pl.col("created_on").is_between(start, end)))


def _won_amount(world: Truth) -> Rows:
    """Won in CNY and in all deals by the teams in the newest sprint: deals."""
    start = world.as_of - timedelta(days=SPRINT_DAYS - 1)
    won = _kept(world).filter((pl.col("outcome") == "won") & pl.col("closed_on").is_between(start, world.as_of))
    teams = won.join(world["reps"].select("rep", "team"), on="rep")
    return teams.group_by("team").len().sort("team").rows()


def _open_by_month(world: Truth) -> Rows:
    kept = world["deals"].filter(~pl.col("is_deleted"))
    still = world["deal_chances"].join(kept, on="true_deal_id", how="semi")
    months = still.group_by("month_end").len().sort("month_end").tail(12)
    return months.rows()


def _won_share(world: Truth) -> Rows:
    start = world.as_of - timedelta(days=SPRINT_DAYS * SPRINTS - 1)
    ended = _kept(world).filter(pl.col("closed_on").is_between(start, world.as_of))
    return ended.select(pl.len(), (pl.col("outcome") == "won").mean().alias("won")).rows()


def _won_a_day_later(world: Truth) -> Truth:
    facts = world["deal_facts"]
    late = pl.col("closed_on") + pl.duration(days=3)
    return world.with_table("deal_facts", facts.with_columns(closed_on=late))


def _some_lost(world: Truth) -> Truth:
    chances = world["deal_chances"]
    return world.with_table("deal_chances", chances.filter((pl.col("stage") != "lead") | (pl.col("p_won") > 0.3)))


QUESTIONS = (
    Question(
        "C41", "How many deals came and how many were won in each of the last six fortnights?", "count",
        """
        select sprint_start, created_count, won_count from marts.sprints
        where level = 'total' order by sprint_start desc limit 6
        """,
        lambda world: list(reversed(_sprints(world))), _won_a_day_later,
        tolerance=0.06, because="of a deal that two systems keep one record counts, whose days differ by up to six",
    ),
    Question(
        "C41", "How many deals did each team win in the last fortnight?", "count",
        """
        select member, won_count from marts.sprints
        where level = 'team' and won_count > 0 and sprint_end = (select max(sprint_end) from marts.sprints) order by 1
        """,
        _won_amount, _won_a_day_later,
    ),
    Question(
        "C41", "Which share of the deals that ended in the last six fortnights was won?", "rate",
        """
        select sum(won_count) + sum(lost_count), sum(won_count) / (sum(won_count) + sum(lost_count))
        from (from marts.sprints where level = 'total' order by sprint_start desc limit 6)
        """,
        _won_share, _won_a_day_later,
        tolerance=0.04, because="ends count when they happen: with seed 7 8 of 393 deals are open again, 2 ended twice",
    ),
    Question(
        "C35", "How many deals stood open at each of the last twelve month ends?", "count",
        """
        select day, sum(deal_count) from marts.pipeline_days
        where level = 'total' and day in (select last_day(day) from marts.pipeline_days)
        group by all order by 1 desc limit 12
        """,
        lambda world: list(reversed(_open_by_month(world))), _some_lost,
        tolerance=0.02, because="of a deal that two systems keep one record counts, whose days differ by up to six",
    ),
)  # fmt: skip
