"""How far the deals of teams get, and how long they stay in a stage."""

from datetime import date

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

TARGETS = {"lead": 14, "qualified": 21, "needs": 30, "decision_makers": 21, "proposal": 30, "negotiation": 30}
MONTHS = 24
LATE = ["decision_makers", "proposal", "negotiation"]
KEEPERS = ["salesforce", "zoho"]
TWICE = (
    "of a deal that two systems keep the history counts that belongs to the record that stands for it: with seed 7 a "
    "record without a history stands for 63 of 2,056"
)


def _since(world: Truth) -> date:
    return world.as_of.replace(year=world.as_of.year - MONTHS // 12)


def _told(world: Truth) -> pl.DataFrame:
    """Deals whose first record is in a system that tells its history."""
    first = world["deals"].filter((pl.col("kind") == "original") & ~pl.col("is_deleted"))
    return world["deal_facts"].join(first.filter(pl.col("source_system").is_in(KEEPERS)), on="true_deal_id", how="semi")


def _further(world: Truth) -> Rows:
    rungs = {stage: number for number, stage in enumerate([*TARGETS, "won"])}
    ended = _told(world).filter((pl.col("outcome") != "open") & (pl.col("closed_on") > _since(world)))
    rung = pl.col("stage").replace_strict(rungs, default=None)
    moves = world["deal_moves"].join(ended, on="true_deal_id", how="semi").with_columns(rung=rung)
    deals = moves.group_by("true_deal_id").agg(pl.col("rung").max()).filter(pl.col("rung") >= rungs["needs"])
    farthest = deals["rung"].to_list()
    rows = [
        (stage, sum(far >= at for far in farthest), sum(far > at for far in farthest)) for stage, at in rungs.items()
    ]
    return sorted((stage, reached, further / reached) for stage, reached, further in rows if stage in ("needs", *LATE))


def _stays(world: Truth) -> pl.DataFrame:
    """Finished stays of the last two years in systems that tell their history."""
    moves = world["deal_moves"].join(_told(world), on="true_deal_id", how="semi")
    left = pl.col("entered_on").shift(-1).over("true_deal_id")
    stays = moves.with_columns(left=left, days=(left - pl.col("entered_on")).dt.total_days())
    return stays.filter(pl.col("left") > _since(world))


def _over(world: Truth) -> Rows:
    """By team: the share of finished negotiations over their target."""
    stays = _stays(world).filter(pl.col("stage") == "negotiation")
    deals = stays.join(world["deal_facts"].select("true_deal_id", "rep"), on="true_deal_id")
    teams = deals.join(world["reps"].select("rep", "team"), on="rep").filter(
        pl.col("team").is_in(["Americas", "Europe"])
    )
    over = (pl.col("days") > TARGETS["negotiation"]).mean()
    return teams.group_by("team").agg(over).sort("team").rows()


def _slower_all(world: Truth) -> Truth:
    """One stay in ten a month longer."""
    moves = world["deal_moves"]
    last = pl.col("stage").is_in(["won", "lost", "negotiation", "proposal"]) & (pl.col("true_deal_id") % 4 == 0)
    late = pl.when(last).then(pl.col("entered_on") + pl.duration(days=30)).otherwise("entered_on")
    return world.with_table("deal_moves", moves.with_columns(entered_on=late))


def _stuck(world: Truth) -> Truth:
    return world.with_table("deal_moves", world["deal_moves"].filter(pl.col("stage") != "negotiation"))


def _slower(world: Truth) -> Truth:
    moves = world["deal_moves"]
    late = pl.when(pl.col("stage").is_in(["won", "lost"])).then(pl.col("entered_on") + pl.duration(days=9))
    return world.with_table("deal_moves", moves.with_columns(entered_on=late.otherwise("entered_on")))


def _mean_days(world: Truth) -> Rows:
    stays = _stays(world).filter(pl.col("stage").is_in(LATE)).group_by("stage").agg(pl.len(), pl.col("days").mean())
    return stays.sort("stage").rows()


QUESTIONS = (
    Question(
        "C38", "Of deals that ended in two years, how many reached each later stage, which share got further?", "rate",
        """
        select stage_code, sum(reached_count), sum(forward_count) / sum(reached_count)
        from marts.stage_performance where level = 'team' and stage_code not in ('lead', 'qualified')
        group by all order by 1
        """,
        _further, _stuck,
        tolerance=0.05, because=TWICE,
    ),
    Question(
        "C38", "How many days do deals stay in the later stages (mean of finished stays in two years)?", "duration",
        """
        select stage_code, sum(stay_count), sum(stay_count * mean_stay_days) / sum(stay_count)
        from marts.stage_performance
        where level = 'team' and stage_code in ('decision_makers', 'proposal', 'negotiation') group by all order by 1
        """,
        _mean_days, _slower_all,
        tolerance=0.05, because=TWICE,
    ),
    Question(
        "C33", "Which share of negotiations of the overseas teams was over its target?", "rate",
        """
        select member, over_target_share from marts.stage_performance
        where level = 'team' and stage_code = 'negotiation' and member in ('Americas', 'Europe') order by 1
        """,
        _over, _slower,
        tolerance=0.05, because=TWICE,
    ),
)  # fmt: skip
