"""Who wins, how long it takes, and where deals are lost: by the levels that people compare."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

TELL_SIZE = ["salesforce", "hubspot", "zoho", "fxiaoke"]
SIZES = [50, 200, 1000]
SIZE_NAMES = ["up_to_50", "51_to_200", "201_to_1000", "over_1000"]
TARGETS = {"lead": 14, "qualified": 21, "needs": 30, "decision_makers": 21, "proposal": 30, "negotiation": 30}
DAYS = (pl.col("closed_on") - pl.col("created_on")).dt.total_days()
TWICE = "of a deal that two systems keep one record counts, whose days and words may differ"


def _deals(world: Truth) -> pl.DataFrame:
    """Deals that an export still has, with what they are about."""
    kept = world["deals"].filter(~pl.col("is_deleted"))
    facts = world["deal_facts"].join(kept, on="true_deal_id", how="semi")
    return facts.join(world["deal_segments"], on="true_deal_id").with_columns(
        is_won=pl.col("outcome") == "won", days=DAYS
    )


def _closed(world: Truth) -> pl.DataFrame:
    return _deals(world).filter(pl.col("closed_on") <= world.as_of)


def _rate(deals: pl.DataFrame, by: pl.Expr) -> Rows:
    return deals.group_by(by.alias("member")).agg(pl.len(), pl.col("is_won").mean()).sort("member").rows()


def _by_size(world: Truth) -> Rows:
    size = pl.col("employees").cut(SIZES, labels=SIZE_NAMES).cast(pl.String)
    told = world["accounts"].filter(pl.col("source_system").is_in(TELL_SIZE)).select(customer="true_customer_id")
    return _rate(_closed(world).join(told, on="customer", how="semi"), size)


def _by_region(world: Truth) -> Rows:
    return _rate(_closed(world), pl.col("region"))


def _by_line(world: Truth) -> Rows:
    return _rate(_closed(world), pl.col("product_line"))


def _by_both(world: Truth) -> Rows:
    return _rate(_closed(world), pl.format("{}|{}", "region", "product_line"))


def _by_industry(world: Truth) -> Rows:
    """Which share of the closed deals is in each industry, in the company's own codes."""
    closed = _closed(world)
    code = pl.col("industry").str.to_lowercase().replace("software", "information_technology")
    share = pl.len() / closed.height
    return closed.group_by(code.alias("code")).agg(pl.len().alias("n"), share.alias("share")).sort("code").rows()


def _won_since(world: Truth) -> Rows:
    """Of the deals that stood open a year ago: how many, and which share of them has been won."""
    day = world.as_of.replace(year=world.as_of.year - 1)
    still = pl.col("closed_on").is_null() | (pl.col("closed_on") > day)
    stood = _deals(world).filter((pl.col("created_on") <= day) & still)
    return stood.select(pl.len(), pl.col("is_won").mean()).rows()


def _won_soon(world: Truth) -> Rows:
    """By month, of the last three: deals won, and the share of them that began within the three months to its end.

    Of deals that one system keeps: what a second one copies is entered days later, and the served deal may be either.
    """
    quarter = pl.lit(world.as_of).dt.truncate("1mo").dt.offset_by("-2mo")
    month = pl.col("closed_on").dt.truncate("1mo")
    records = world["deals"].filter(~pl.col("is_deleted"))
    once = records.filter(pl.len().over("true_deal_id") == 1)
    won = _closed(world).join(once, on="true_deal_id", how="semi").filter(pl.col("is_won") & (month >= quarter))
    fresh = (pl.col("created_on") >= month.dt.offset_by("-2mo")).mean()
    return won.group_by(month.alias("month")).agg(pl.len(), fresh.alias("n")).sort("month", descending=True).rows()


def _cycles(world: Truth) -> Rows:
    won = _closed(world).filter("is_won")
    days = pl.col("days")
    return won.group_by("deal_type").agg(days.mean(), days.median().alias("median")).sort("deal_type").rows()


def _longest(world: Truth) -> Rows:
    won = _closed(world).filter("is_won")
    longest = pl.col("days").quantile(0.9, interpolation="linear")
    return won.group_by("product_line").agg(longest).sort("product_line").rows()


def _rivals(world: Truth) -> Rows:
    named = world["competitors"].filter(pl.col("source_system").is_in(["salesforce", "zoho", "fxiaoke"]))
    lost = _closed(world).join(named, on="true_deal_id")
    return lost.group_by("competitor").len().sort("competitor").rows()


def _open_amount(world: Truth) -> Rows:
    still = _deals(world).filter((pl.col("outcome") == "open") & (pl.col("currency") == "CNY"))
    return still.select(pl.len(), pl.col("amount_cents").sum() / 100).rows()


def alone(world: Truth, system: str) -> pl.DataFrame:
    """Deals with one record only, in that system: their history is told by nobody else."""
    records = world["deals"].filter(pl.len().over("true_deal_id") == 1)
    return records.filter((pl.col("source_system") == system) & ~pl.col("is_deleted")).select("true_deal_id")


def _stays(world: Truth) -> pl.DataFrame:
    moves = world["deal_moves"].join(alone(world, "salesforce"), on="true_deal_id", how="semi")
    left = pl.col("entered_on").shift(-1).over("true_deal_id")
    stays = moves.with_columns(days=(left - pl.col("entered_on")).dt.total_days()).drop_nulls("days")
    return stays.filter(pl.col("stage").is_in(list(TARGETS)) & (pl.col("days") > 0))


def _over_target(world: Truth) -> Rows:
    target = pl.col("stage").replace_strict(TARGETS)
    stays = _stays(world).group_by("stage").agg((pl.col("days") > target).mean().alias("over"), pl.col("days").mean())
    return stays.sort("stage").rows()


def _conversion(world: Truth) -> Rows:
    """Of the settled deals of Salesforce that got as far as a stage, the share that got further."""
    ladder = {stage: place for place, stage in enumerate([*TARGETS, "won"])}
    deals = world["deal_facts"].join(alone(world, "salesforce"), on="true_deal_id", how="semi")
    settled = deals.filter(
        (pl.lit(world.as_of) - pl.col("created_on")).dt.total_days() > 160, pl.col("outcome") != "open"
    )
    rung = pl.col("stage").replace_strict(ladder, default=None)
    moves = world["deal_moves"].join(settled, on="true_deal_id", how="semi").with_columns(rung=rung)
    farthest = moves.group_by("true_deal_id").agg(pl.col("rung").max())["rung"].to_list()
    return sorted(
        (stage, sum(far > at for far in farthest) / sum(far >= at for far in farthest))
        for stage, at in ladder.items()
        if stage != "won"
    )


def _other_outcome(world: Truth) -> Truth:
    facts = world["deal_facts"]
    wrong = (pl.col("outcome") == "lost") & (pl.col("channel") == "Partner")
    return world.with_table(
        "deal_facts", facts.with_columns(outcome=pl.when(wrong).then(pl.lit("won")).otherwise("outcome"))
    )


def _swapped_industries(world: Truth) -> Truth:
    swapped = pl.col("industry").replace({"Food": "Energy", "Energy": "Food"})
    return world.with_table("deal_segments", world["deal_segments"].with_columns(industry=swapped))


def _slower(world: Truth) -> Truth:
    facts = world["deal_facts"]
    return world.with_table("deal_facts", facts.with_columns(created_on=pl.col("created_on") - pl.duration(days=9)))


def _another_rival(world: Truth) -> Truth:
    named = world["competitors"]
    other = pl.when(pl.col("competitor") == "Veritek").then(pl.lit("Nordsens")).otherwise("competitor")
    return world.with_table("competitors", named.with_columns(competitor=other))


def _dearer(world: Truth) -> Truth:
    facts = world["deal_facts"]
    return world.with_table("deal_facts", facts.with_columns(amount_cents=pl.col("amount_cents") * 1.05))


def _later_moves(world: Truth) -> Truth:
    moves = world["deal_moves"]
    late = (
        pl.when(pl.col("stage") == "proposal").then(pl.col("entered_on") + pl.duration(days=3)).otherwise("entered_on")
    )
    return world.with_table("deal_moves", moves.with_columns(entered_on=late))


def _never_offered(world: Truth) -> Truth:
    return world.with_table("deal_moves", world["deal_moves"].filter(pl.col("stage") != "negotiation"))


def _weakest(world: Truth) -> str:
    return str(min(_conversion(world), key=lambda row: row[1] or 0)[0])


def _half_never_offered(world: Truth) -> Truth:
    """Every second deal left its first stages only to be lost."""
    moves = world["deal_moves"]
    is_cut = (pl.col("true_deal_id") % 2 == 0) & ~pl.col("stage").is_in(["lead", "qualified", "won", "lost"])
    return world.with_table("deal_moves", moves.filter(~is_cut))


QUESTIONS = (
    Question(
        "C06", "How many deals stood open a year ago, and which share of them has been won since?", "rate",
        """
        with year as (select as_of - interval 1 year as day from control.published)
        select count(*), avg(cast(is_won as integer)) from marts.opportunities cross join year
        where created_on <= day and coalesce(closed_on > day, true)
        """,
        _won_since, _other_outcome, tolerance=0.02, because=TWICE,
    ),
    Question(
        "C09", "How many of the closed deals are in which industry, and which share?", "rate",
        """
        select member, closed_count, closed_count / sum(closed_count) over () from marts.win_rate
        where level = 'industry' and period = 'all_time' order by 1
        """,
        _by_industry, _swapped_industries, tolerance=0.02, because=TWICE,
    ),
    Question(
        "C68", "How many deals of one system were won in the last months, which share was not there a quarter ahead?",
        "rate",
        """
        select period_start, count(distinct opportunity_id) filter (where won_amount_base > 0),
            count(distinct opportunity_id) filter (where reason = 'new' and won_amount_base > 0)
                / count(distinct opportunity_id) filter (where won_amount_base > 0)
        from outlook.variance_deals inner join marts.opportunities as deals using (opportunity_id)
        where deals.record_count = 1 and freq = 'MS'
            and variance_deals.as_of = cast(period_start - interval 2 month - interval 1 day as date)
        group by 1 order by 1 desc limit 3
        """,
        _won_soon, _other_outcome, tolerance=0.02, because=TWICE,
    ),
    Question(
        "C30", "At which stage does Salesforce lose the largest share?", "list",
        """
        select arg_min(stage_code, conversion_rate) from marts.funnel
        where level = 'source_system' and member = 'salesforce' and period = 'all_time' and stage_code <> 'created'
        """,
        _weakest, _half_never_offered,
    ),
    Question(
        "C30", "Of Salesforce's settled deals that reached a stage, which share got further?", "rate",
        """
        select stage_code, conversion_rate from marts.funnel
        where level = 'source_system' and member = 'salesforce' and period = 'all_time' and stage_code <> 'created'
        order by 1
        """,
        _conversion, _never_offered,
        tolerance=0.02, because="a second system keeps some deals; settled is counted from another day",
    ),
    Question(
        "C31", "Do large customers buy more often: closed deals and win rate by size?", "rate",
        """
        select member, closed_count, win_rate from marts.win_rate
        where level = 'company_size' and period = 'all_time' and member <> 'unknown' order by 1
        """,
        _by_size, _other_outcome,
        tolerance=0.01, because=TWICE,
    ),
    Question(
        "C31", "How many deals were lost to each competitor?", "count",
        """
        select member, lost_count from marts.win_rate
        where level = 'competitor' and period = 'all_time' and member <> 'none_named' order by 1
        """,
        _rivals, _another_rival,
        tolerance=0.06, because="a competitor that only the second record of a deal names is not served",
    ),
    Question(
        "C32", "How long do won deals take by kind of deal (mean and median days)?", "duration",
        """
        select member, mean_days, median_days from marts.sales_cycle
        where level = 'deal_type' and period = 'all_time' and outcome = 'won' and member <> 'unmapped' order by 1
        """,
        _cycles, _slower,
        tolerance=0.02, because=TWICE,
    ),
    Question(
        "C32", "Within how many days were nine of ten won deals of each product line won?", "duration",
        """
        select member, p90_days from marts.sales_cycle
        where level = 'product_line' and period = 'all_time' and outcome = 'won' and member <> 'unmapped' order by 1
        """,
        _longest, _slower,
        tolerance=0.03, because=TWICE,
    ),
    Question(
        "C33", "Which share of stays is over its target, by stage, and how long are they (Salesforce alone)?",
        "rate",
        """
        select stages.stage_code, avg(cast(stages.is_over_target as integer)), avg(stages.days_in_stage)
        from marts.stage_history as stages inner join marts.opportunities as deals using (opportunity_id)
        where deals.source_system = 'salesforce' and deals.record_count = 1 and not stages.is_current
            and stages.stage_type = 'open' and stages.days_in_stage > 0
        group by all order by 1
        """,
        _over_target, _later_moves,
        tolerance=0.01, because="a pair of deals that is taken for one, or one for a pair, has another history",
    ),
    Question(
        "C34", "Which share of its closed deals did each region win?", "rate",
        """
        select member, closed_count, win_rate from marts.win_rate
        where level = 'region' and period = 'all_time' order by 1
        """,
        _by_region, _other_outcome,
        tolerance=0.01, because=TWICE,
    ),
    Question(
        "C34", "Which share of its closed deals did each product line win?", "rate",
        """
        select member, closed_count, win_rate from marts.win_rate
        where level = 'product_line' and period = 'all_time' and member <> 'unmapped' order by 1
        """,
        _by_line, _other_outcome,
        tolerance=0.01, because=TWICE,
    ),
    Question(
        "C35", "How many deals in CNY are open, and what are they worth?", "amount",
        """
        select count(*), sum(amount) from marts.opportunities where is_open and currency = 'CNY'
        """,
        _open_amount, _dearer,
        tolerance=0.01, because="the two amounts of a deal that two systems keep differ by a per cent or two",
    ),
    Question(
        "C39", "Which share of its deals does each region win with each product line?", "rate",
        """
        select member, closed_count, win_rate from marts.win_rate
        where level = 'region_product_line' and period = 'all_time' and member not like '%unmapped' order by 1
        """,
        _by_both, _other_outcome,
        tolerance=0.03, because=TWICE,
    ),
)  # fmt: skip
