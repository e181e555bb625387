"""People: what a head brings, what SDRs and account managers do, who uses the system."""

import polars as pl

from pipelines.bench.questions.kpis import QUARTER_MONTHS, UNSEEN, newest_kpi, quarter_before, true_deals, within
from pipelines.bench.questions.question import Question, Rows, Truth

FOUR_PLACES = 10_000


def _output(world: Truth) -> Rows:
    rows = world["output_per_head"].filter(pl.col("month").dt.year() == world.as_of.year - 1)
    teams = rows.group_by("team").agg(pl.col("won_base_e4").sum(), heads=pl.col("heads").mean())
    value = pl.col("won_base_e4") / FOUR_PLACES / pl.col("heads")
    return teams.select("team", value=value).sort("team").rows()


def _output_in_all(world: Truth) -> float:
    rows = world["output_per_head"].filter(within("month", quarter_before(world), QUARTER_MONTHS))
    heads = rows.group_by("month").agg(pl.col("heads").sum())["heads"].mean()
    return float(rows["won_base_e4"].sum() / FOUR_PLACES / heads)  # type: ignore[operator]


def _more_heads(world: Truth) -> Truth:
    return world.with_table("output_per_head", world["output_per_head"].with_columns(pl.col("heads") + 1))


def _settled_leads(world: Truth) -> pl.DataFrame:
    """Leads of the newest quarter that ended sixty days before."""
    start = pl.Series([world.as_of]).dt.offset_by("-59d").dt.truncate("1q").dt.offset_by("-1q")[0]
    return world["leads"].filter(within("created_on", start, QUARTER_MONTHS))


def _conversion(world: Truth) -> Rows:
    leads = _settled_leads(world).group_by("product_line").agg(
        value=pl.col("converted_on").is_not_null().mean(), n=pl.len()
    )  # fmt: skip
    return leads.sort("product_line").rows()


def _response_days(world: Truth) -> Rows:
    leads = world["leads"].filter(pl.col("created_on").dt.year() == world.as_of.year - 1)
    waited = (pl.col("assigned_on") - pl.col("created_on")).dt.total_days()
    return leads.group_by(pl.lit("")).agg(days=waited.mean(), n=waited.count()).select("days", "n").rows()


def _slower_answers(world: Truth) -> Truth:
    leads = world["leads"].with_columns(pl.col("assigned_on").dt.offset_by("1d"), converted_on=None)
    return world.with_table("leads", leads)


def _visits(world: Truth) -> Rows:
    by = true_deals(world).select("true_deal_id", "rep_id", "team")
    deep = world["activities"].filter(pl.col("is_deep")).join(by, on="true_deal_id")
    deep = deep.filter(within("occurred_on", quarter_before(world), QUARTER_MONTHS))
    return deep.group_by("team").len().sort("team").rows()


def _no_meetings(world: Truth) -> Truth:
    return world.with_table("activities", world["activities"].filter(pl.col("kind") != "Meeting"))


def _use(world: Truth) -> Rows:
    used = world["adoption"].select(pl.format("masterdata|{}", "rep_id").alias("rep"), "days", "created", "edited")
    return used.sort("rep").rows()


def _login_rate(world: Truth) -> Rows:
    """Log-ins over working days, which are those on which anybody logged in: somebody always does."""
    usage, reps = world["system_usage"], world["reps"].select("rep_id", "left")
    days = usage.select("day").unique()
    possible = reps.join(usage, on="rep_id", how="semi").join(days, how="cross")
    possible = possible.filter(pl.col("left").is_null() | (pl.col("day") <= pl.col("left")))
    quarter = within("day", quarter_before(world), QUARTER_MONTHS)
    return [(len(usage.filter(quarter)) / len(possible.filter(quarter)), len(possible.filter(quarter)))]


def _fewer_log_ins(world: Truth) -> Truth:
    rare = pl.col("rep_id") != "E103"
    adoption = world["adoption"].with_columns(pl.col("days") - rare.not_())
    usage = world["system_usage"].filter(rare)
    return world.with_table("system_usage", usage).with_table("adoption", adoption)


QUESTIONS = (
    Question(
        "C77", "What did each team book per head last year?", "amount",
        newest_kpi("bookings_per_head", "team", "year", "member, value"),
        _output, _more_heads, tolerance=0.02, because=UNSEEN,
    ),
    Question(
        "C77", "What did the company book per head in the last quarter?", "amount",
        newest_kpi("bookings_per_head", "total", "quarter", "value"),
        _output_in_all, _more_heads,
        tolerance=0.001, because="closed deals without a closing day count when an export shows them",
    ),
    Question(
        "C78", "SDRs: what share of the leads of the newest settled quarter became a deal, by product line?", "rate",
        newest_kpi("lead_conversion_rate", "product_line", "quarter", "member, value, n"),
        _conversion, _slower_answers,
    ),
    Question(
        "C78", "SDRs: how many days did a lead of last year wait for somebody?", "duration",
        newest_kpi("lead_response_days", "total", "year", "value, n"),
        _response_days, _slower_answers,
    ),
    Question(
        "C78", "Account managers: how many visits and meetings did each team make in the last quarter?", "count",
        newest_kpi("deep_contacts", "team", "quarter", "member, value"),
        _visits, _no_meetings,
    ),
    Question(
        "C94", "On how many days did each rep use the system, and how many records were created and changed?", "list",
        """
        select member,
            sum(value) filter (where kpi = 'login_days')::int,
            sum(value) filter (where kpi = 'records_created')::int,
            sum(value) filter (where kpi = 'records_updated')::int
        from marts.kpi_values
        where dimension = 'rep' and period = 'year' and kpi in ('login_days', 'records_created', 'records_updated')
        group by member order by member
        """,
        _use, _fewer_log_ins,
    ),
    Question(
        "C94", "On what share of the working days of the last quarter did people log in?", "rate",
        newest_kpi("login_rate", "total", "quarter", "value, denominator::int"),
        _login_rate, _fewer_log_ins,
    ),
)  # fmt: skip
