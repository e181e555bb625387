"""The true leads: where they came from, who got them when, and which of them became a deal.

Leads that became a deal are found backwards from the deals; the others come on top, so many that the conversion of a
channel is that of company.yml. What a lead shows depends on whether it becomes a deal, and on nothing the deal does.
"""

import numpy as np
import polars as pl

from pipelines.demo import ids, words
from pipelines.demo.company import kept, listed_deals, month_before, rates, waited
from pipelines.demo.contacts import FIRST, GIVEN, LAST, SURNAMES
from pipelines.demo.world import World

KEEPERS = ("salesforce", "salesforce_apac", "fxiaoke", "zoho")  # HubSpot keeps its leads among the contacts
LONGEST = 60  # days from a lead to its deal
LATENCY, WORK = 20, 40  # days at most until it is assigned, and from then to the deal
INBOUND = ("Website", "Trade show", "Outbound")  # whose leads the SDRs get; the others go to the rep at once
SDR_TEAM = "Inside sales"
SDRS = {
    "East China": ("E901", "许诺"), "South China": ("E901", "许诺"), "North China": ("E902", "邓佳"),
    "West China": ("E902", "邓佳"), "Europe": ("E903", "Laura Weiss"), "Americas": ("E904", "Mark Olsen"),
    "Asia Pacific": ("E904", "Mark Olsen"),
}  # fmt: skip


@kept
def true_leads(world: World) -> pl.DataFrame:
    """One row per lead: lead, system, channel, region, industry_no, product_line, code, is_chinese, created, assigned,
    converted, closed (given up), owner_id, owner_name, score, company, first, last, and of the deal: deal,
    deal_source_id, customer, account_id. Days that never came, or come after the newest export, are null.
    """
    rng = ids.rng_for(world.seed, "leads")
    became = _became_deals(rng, world)
    others = _others(rng, became, world)
    leads = pl.concat([became, others], how="diagonal").sort("created", "deal", "draw").drop("draw")
    leads = leads.filter(pl.col("created") <= world.last).with_row_index("lead")
    leads = leads.with_columns(*_owner(), *_person(rng, leads), _score(rng, leads))
    days = ("assigned", "converted", "closed")
    leads = leads.with_columns(pl.when(pl.col(day) <= world.last).then(day).alias(day) for day in days)
    has_deal = pl.col("converted").is_not_null()
    return leads.with_columns(
        pl.when(has_deal).then(name).alias(name) for name in ("deal", "deal_source_id", "customer", "account_id")
    ).with_columns(pl.col("lead").cast(pl.Int64))


def _became_deals(rng: np.random.Generator, world: World) -> pl.DataFrame:
    """Leads of deals; those of deals that will only be born after the newest export are taken from the time before."""
    law, start = rates("leads"), month_before(world, rates("leads")["months"])
    deals = listed_deals(world).filter(pl.col("system").is_in(KEEPERS) & (pl.col("created") >= start + LONGEST))
    share = deals["channel"].replace_strict(law["share_of_deals"], return_dtype=pl.Float64).to_numpy()
    deals = deals.filter(pl.Series(rng.random(len(deals)) < share))
    latency, work = waited(rng, len(deals), law["quick"], LATENCY), 2 + waited(rng, len(deals), 0.08, WORK - 2)
    deals = deals.select(
        "system", "channel", "region", "industry_no", "product_line", "code", "is_chinese", "rep_id", "rep_name",
        "deal", "customer", "account_id", deal_source_id="source_id", converted="created", company="account_name",
        created=pl.col("created") - pl.Series(latency + work), latency=pl.Series(latency),
    )  # fmt: skip
    coming = deals.filter(pl.col("converted") > world.last - LONGEST).with_columns(
        pl.col("created", "converted") + LONGEST
    )
    leads = pl.concat([deals, coming]).with_columns(assigned=pl.col("created") + pl.col("latency"))
    return leads.with_columns(is_deal=pl.lit(value=True), draw=pl.lit(0.0))


def _others(rng: np.random.Generator, became: pl.DataFrame, world: World) -> pl.DataFrame:
    """Leads that become no deal: of the same channels, regions, lines and seasons as those that do."""
    law, start = rates("leads"), month_before(world, rates("leads")["months"])
    pieces = []
    for channel, conversion in law["conversion"].items():
        like = became.filter(pl.col("channel") == channel)
        count = round(len(like) * (1 / conversion - 1))
        pieces.append(like[rng.integers(0, max(len(like), 1), count)] if len(like) else like)
    rows = pl.concat(pieces).drop("deal", "deal_source_id", "customer", "account_id", "company", "converted")
    count = len(rows)
    latency = waited(rng, count, law["slow"], LATENCY)
    created = np.maximum(rows["created"].to_numpy() + rng.integers(-15, 16, count), start)
    given_up = latency + 10 + waited(rng, count, 0.035, 80)
    is_assigned, is_closed = rng.random(count) >= law["never_assigned"], rng.random(count) < 0.85
    return rows.with_columns(
        created=pl.Series(created),
        assigned=pl.when(pl.Series(is_assigned)).then(pl.Series(created + latency)),
        closed=pl.when(pl.Series(is_assigned & is_closed)).then(pl.Series(created + given_up)),
        is_deal=pl.lit(value=False),
        draw=pl.Series(rng.random(count)),
    )


def _owner() -> list[pl.Expr]:
    is_inbound = pl.col("channel").is_in(INBOUND)
    sdr = {
        place: pl.col("region").replace_strict({region: who[place] for region, who in SDRS.items()}) for place in (0, 1)
    }
    is_owned = pl.col("assigned").is_not_null()
    return [
        pl.when(is_owned & is_inbound).then(sdr[0]).when(is_owned).then("rep_id").alias("owner_id"),
        pl.when(is_owned & is_inbound).then(sdr[1]).when(is_owned).then("rep_name").alias("owner_name"),
    ]


def _score(rng: np.random.Generator, leads: pl.DataFrame) -> pl.Series:
    law, count = rates("leads"), len(leads)
    score = 45 + law["score_gap"] * leads["is_deal"].to_numpy() + rng.normal(0, 16, count)
    score = pl.Series("score", np.clip(np.round(score), 0, 100).astype(np.int64))
    return pl.select(
        pl.when(pl.Series(rng.random(count) >= law["without_score"])).then(score).alias("score")
    ).to_series()


def _person(rng: np.random.Generator, leads: pl.DataFrame) -> list[pl.Series]:
    """Names of the person and the company; who is no customer yet has a name of its own."""
    firsts, lasts, brands = (rng.integers(0, 10_000, len(leads)) for _ in range(3))
    rows = []
    for chinese, company, a, b, c in zip(leads["is_chinese"], leads["company"], firsts, lasts, brands, strict=True):
        native = words.BRAND[c % 77][0] + words.BRAND[a % 79][0] + words.BUSINESS[b % 16][0] + "有限公司"
        western = f"{words.HEADS[a % 36]}{words.TAILS[c % 36]} {words.BUSINESS[b % 16][2]}"
        first = GIVEN[a % len(GIVEN)].split("/")[0] if chinese else FIRST[a % len(FIRST)]
        last = SURNAMES[b % len(SURNAMES)].split("/")[0] if chinese else LAST[b % len(LAST)]
        rows.append((company or (native if chinese else western), first, last))
    companies, first_names, last_names = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"company": companies, "first": first_names, "last": last_names}
    return [pl.Series(name, values, dtype=pl.String) for name, values in columns.items()]
