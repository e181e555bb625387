"""Who wins, by the further levels of the funnel: of settled deals how many, and which share was won."""

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from pipelines.bench.questions.funnel import (
    SIZE_NAMES,
    SIZES,
    TELL_SIZE,
    TWICE,
    _deals,
    _other_outcome,
    _swapped_industries,
)
from pipelines.bench.questions.question import Question, Rows, Truth
from pipelines.bench.questions.tiers import _month_end, true_tiers

FIRST_SYSTEM = ["kingdee", "sap", "salesforce", "salesforce_apac", "fxiaoke", "hubspot", "zoho", "tracker"]
TELL_CONTACTS = ["salesforce", "fxiaoke"]
AMOUNTS, AMOUNT_NAMES = [20_000, 50_000, 100_000], ["up_to_20k", "20k_to_50k", "50k_to_100k", "over_100k"]
CONTACTS, CONTACT_NAMES = [0, 1, 2], ["none", "up_to_1", "1_to_2", "over_2"]
SETTLED_SHARE = 0.9
TIER_MONTHS = 24
LIVED = (pl.col("closed_on") - pl.col("created_on")).dt.total_days()


def _settled(world: Truth) -> pl.DataFrame:
    """Deals that ended and began so long ago that nine of ten of their system have; and the system they are of."""
    records = world["deals"].filter(~pl.col("is_deleted"))
    rank = pl.col("source_system").replace_strict({name: place for place, name in enumerate(FIRST_SYSTEM)})
    system = records.sort(rank).group_by("true_deal_id").agg(pl.col("source_system").first())
    ended = _deals(world).join(system, on="true_deal_id").filter(pl.col("closed_on") <= world.as_of)
    usual = LIVED.quantile(SETTLED_SHARE, "linear").ceil().over("source_system")
    return ended.filter((pl.lit(world.as_of) - pl.col("created_on")).dt.total_days() >= usual)


def _won(deals: pl.DataFrame, member: pl.Expr) -> Rows:
    rows = deals.with_columns(member=member.cast(pl.String)).drop_nulls("member")
    return rows.group_by("member").agg(pl.len(), pl.col("is_won").mean()).sort("member").rows()


def _by_industry(world: Truth) -> Rows:
    return _won(_settled(world), pl.col("industry").str.to_lowercase().replace("software", "information_technology"))


def _by_size(world: Truth) -> Rows:
    told = world["accounts"].filter(pl.col("source_system").is_in(TELL_SIZE)).select(customer="true_customer_id")
    return _won(
        _settled(world).join(told, on="customer", how="semi"), pl.col("employees").cut(SIZES, labels=SIZE_NAMES)
    )


def _by_product(world: Truth) -> Rows:
    return _won(_settled(world), pl.col("product_name"))


def _by_amount(world: Truth) -> Rows:
    return _won(_settled(world), (pl.col("amount_base_e4") / 10_000).cut(AMOUNTS, labels=AMOUNT_NAMES))


def _by_system(world: Truth) -> Rows:
    """The share only: which record of a deal that two systems keep is served hangs on what each of them has filled."""
    return [(system, share) for system, _, share in _won(_settled(world), pl.col("source_system"))]


def _by_region_and_line(world: Truth) -> Rows:
    return _won(_settled(world), pl.format("{}|{}", "region", "product_line"))


def _by_contacts(world: Truth) -> Rows:
    """Calls, mails, visits and meetings per thirty days of a deal, where a system that keeps it tells of them."""
    counts = world["activities"].group_by("true_deal_id").agg(contacts=pl.len())
    told = world["deals"].filter(~pl.col("is_deleted") & pl.col("source_system").is_in(TELL_CONTACTS))
    deals = _settled(world).join(told, on="true_deal_id", how="semi").join(counts, on="true_deal_id", how="left")
    rate = pl.col("contacts").fill_null(0) * 30 / pl.max_horizontal(LIVED, 30)
    return _won(deals, rate.cut(CONTACTS, labels=CONTACT_NAMES))


def _by_tier(world: Truth) -> Rows:
    """The tier that the customer had at the end of the month before the deal began, for the months that have tiers.

    Not C: that is also who bought nothing, and since when a system knows such a customer is no event of the world.
    """
    deals = _settled(world).with_columns(day=pl.col("created_on").dt.month_start() - pl.duration(days=1))
    days: list[date] = deals.filter(pl.col("day") >= _month_end(world, TIER_MONTHS - 1))["day"].unique().to_list()
    tiers = pl.concat([true_tiers(world, day).select("customer", "tier", day=pl.lit(day)) for day in days])
    return _won(deals.join(tiers.filter(pl.col("tier") != "C"), on=["customer", "day"]), pl.col("tier"))


def _cheaper(world: Truth) -> Truth:
    facts = world["deal_facts"]
    return world.with_table("deal_facts", facts.with_columns(pl.col("amount_base_e4") * 0.8))


def _half_said(world: Truth) -> Truth:
    """Another world: every second contact was never made."""
    return world.with_table("activities", world["activities"].gather_every(2))


def _sold_later(world: Truth) -> Truth:
    """Another world: every sale was invoiced half a year later."""
    later = pl.col("invoiced_on") + timedelta(days=180)
    return world.with_table("sales_lines", world["sales_lines"].with_columns(later))


def _asked(
    asks: str,
    level: str,
    truth: Callable[[Truth], Rows],
    spoil: Callable[[Truth], Truth],
    *,
    columns: str = "member, reached_count, conversion_rate",
    tolerance: float = 0.02,
) -> Question:
    sql = f"""
        select {columns} from marts.funnel
        where level = '{level}' and period = 'all_time' and stage_code = 'created'
            and member not in ('unknown'{", 'C'" if level == "tier" else ""}) and member not like '%unmapped'
        order by 1
        """
    capability = "C39" if level == "region_product_line" else "C31"
    return Question(capability, asks, "rate", sql, truth, spoil, tolerance, TWICE)


OF_SETTLED = "Of the settled deals of each {}, how many were there and which share was won?"
QUESTIONS = (
    _asked(OF_SETTLED.format("industry"), "industry", _by_industry, _swapped_industries),
    _asked(OF_SETTLED.format("size of customer"), "company_size", _by_size, _other_outcome),
    _asked(OF_SETTLED.format("tier, A or B, that the customer had when it began"), "tier", _by_tier, _sold_later),
    _asked(OF_SETTLED.format("product"), "product", _by_product, _other_outcome),
    _asked(OF_SETTLED.format("price band"), "amount_band", _by_amount, _cheaper),
    _asked(OF_SETTLED.format("number of contacts a month"), "contacts_per_month", _by_contacts, _half_said),
    _asked(
        OF_SETTLED.format("region and product line"),
        "region_product_line",
        _by_region_and_line,
        _other_outcome,
        tolerance=0.03,
    ),
    _asked(
        "Of the settled deals that each system keeps, which share was won?",
        "source_system",
        _by_system,
        _other_outcome,
        columns="member, conversion_rate",
    ),
)
