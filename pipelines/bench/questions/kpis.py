"""KPIs: deals and sales by member and period, against the year before, and shares of the market."""

from datetime import date

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

UNSEEN = "deals that two systems keep and nothing tells so, up to one in a hundred of a team's"
QUARTER_MONTHS, YEAR_MONTHS = 3, 12


def newest_kpi(kpi: str, dimension: str, period: str, columns: str = "value") -> str:
    """The SQL of a KPI's newest period that has ended and settled, one row per member of the dimension."""
    return f"""
        select {columns} from marts.kpi_values
        where kpi = '{kpi}' and dimension = '{dimension}' and period = '{period}' and is_complete
        qualify period_start = max(period_start) over () order by member
    """


def quarter_before(world: Truth) -> date:
    """First day of the newest whole quarter."""
    return pl.Series([world.as_of]).dt.offset_by("1d").dt.truncate("1q").dt.offset_by("-1q")[0]


def true_deals(world: Truth) -> pl.DataFrame:
    """Deals that some system still keeps, with rep, team and region, and days from creation to the end."""
    reps = world["reps"].select("rep", "rep_id", "team", "region")
    kept = world["deals"].filter(~pl.col("is_deleted"))
    deals = world["deal_facts"].join(kept, on="true_deal_id", how="semi").join(reps, on="rep")
    return deals.with_columns(days=(pl.col("closed_on") - pl.col("created_on")).dt.total_days())


def within(column: str, start: date, months: int) -> pl.Expr:
    """Whether a day lies in the months from a day on."""
    day = pl.col(column)
    return (day >= start) & (day < pl.lit(start).dt.offset_by(f"{months}mo"))


def _new_deals(world: Truth) -> Rows:
    deals = true_deals(world).filter(within("created_on", quarter_before(world), QUARTER_MONTHS))
    return deals.group_by("region").len().sort("region").rows()


def _win_rate(world: Truth) -> float:
    closed = true_deals(world).filter(within("closed_on", quarter_before(world), QUARTER_MONTHS))
    return float((closed["outcome"] == "won").mean())  # type: ignore[arg-type]


def _shorter_cycles(world: Truth) -> Rows:
    start = world.as_of.replace(year=world.as_of.year - 1, month=1, day=1)
    won = true_deals(world).filter(pl.col("outcome") == "won")
    year_before = pl.lit(start).dt.offset_by("-1y")
    now = won.filter(within("closed_on", start, YEAR_MONTHS)).group_by("team").agg(days=pl.col("days").mean())
    before = won.filter((pl.col("closed_on") >= year_before) & (pl.col("closed_on") < start))
    rows = now.join(before.group_by("team").agg(baseline=pl.col("days").mean()), on="team")
    return rows.filter(pl.col("days") < pl.col("baseline")).select("team", "days", "baseline").sort("team").rows()


def _market_shares(world: Truth) -> Rows:
    sizes = world["market_sizes"].filter(pl.col("period") == pl.col("period").max())
    own = world["revenue"].with_columns(period=pl.col("month").dt.truncate("1y"), member="product_line")
    own = own.group_by("period", "member").agg(own=pl.col("amount_base").cast(pl.Float64).sum())
    rows = sizes.join(own, on=["period", "member"]).with_columns(share=pl.col("own") / pl.col("value"))
    return rows.select("member", "share", pl.lit("share")).sort("member").rows()


def _largest_share(world: Truth) -> Rows:
    shares = pl.DataFrame(_market_shares(world), schema=["line", "share", "unit"], orient="row")
    return shares.sort("share").tail(1).select("line", "share").rows()


def _later_deals(world: Truth) -> Truth:
    facts = world["deal_facts"]
    later = pl.col("created_on", "closed_on").dt.offset_by("40d")
    return world.with_table("deal_facts", facts.with_columns(later))


def _slower_deals(world: Truth) -> Truth:
    facts = world["deal_facts"]
    return world.with_table("deal_facts", facts.with_columns(pl.col("created_on").dt.offset_by("-30d")))


def _more_won(world: Truth) -> Truth:
    facts = world["deal_facts"]
    won = pl.when(pl.col("rep") < 5).then(pl.lit("won")).otherwise("outcome")
    return world.with_table("deal_facts", facts.with_columns(outcome=won))


def _larger_markets(world: Truth) -> Truth:
    return world.with_table("market_sizes", world["market_sizes"].with_columns(pl.col("value") * 2))


KPI = "select member, value from marts.kpi_values where kpi = '{}' and dimension = '{}' and {} order by member"
NEWEST = "period = '{}' and is_complete qualify period_start = max(period_start) over ()"

QUESTIONS = (
    Question(
        "C75", "How many deals were created in the last quarter, by region?", "count",
        KPI.format("new_deals", "region", NEWEST.format("quarter")), _new_deals, _later_deals,
        tolerance=0.02, because=UNSEEN,
    ),
    Question(
        "C75", "What share of the deals closed in the last quarter was won?", "rate",
        newest_kpi("win_rate", "total", "quarter", "value"),
        _win_rate, _more_won, tolerance=0.005, because=UNSEEN,
    ),
    Question(
        "C79", "Which teams won faster last year than in the year before, in how many days?", "duration",
        """
        select member, value, value_year_before from marts.kpi_values
        where kpi = 'cycle_days' and dimension = 'team' and period = 'year' and is_complete
        qualify period_start = max(period_start) over () and is_better
        order by member
        """,
        _shorter_cycles, _slower_deals, tolerance=0.02, because=UNSEEN,
    ),
    Question(
        "C79", "How many teams became faster?", "count",
        """
        select count(*) filter (where is_better) from (
            from marts.kpi_values where kpi = 'cycle_days' and dimension = 'team' and period = 'year' and is_complete
            qualify period_start = max(period_start) over ())
        """,
        lambda world: len(_shorter_cycles(world)), _later_deals,
    ),
    Question(
        "C81", "What share of its market has each product line?", "rate",
        """
        select member, value, unit from marts.kpi_values
        where kpi = 'market_share' and dimension = 'product_line' and period = 'year'
        qualify period_start = max(period_start) over () order by member
        """,
        _market_shares, _larger_markets,
    ),
    Question(
        "C81", "In which market is the company strongest?", "rate",
        """
        select member, value from marts.kpi_values where kpi = 'market_share' and period = 'year'
        order by period_start desc, value desc limit 1
        """,
        _largest_share, _larger_markets,
    ),
)  # fmt: skip
