"""Discounts: what was given away, and whether somebody agreed to it."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

BANDS = {"at_list": (-1.0, 0.0), "up_to_10": (0.0, 0.1), "10_to_25": (0.1, 0.25), "over_25": (0.25, 1.0)}


def _asked(world: Truth) -> pl.DataFrame:
    """Quotes of which a step has not been decided yet: nobody can say that they were never agreed to."""
    return world["approvals"].filter(pl.col("is_approved").is_null()).select("quote_source_id").unique()


def _breaches(world: Truth) -> Rows:
    breaches = world["discount_breaches"].join(_asked(world), on="quote_source_id", how="anti")
    return breaches.filter(~pl.col("has_approval")).select("quote_source_id").sort("quote_source_id").rows()


def _agreed_to(world: Truth) -> Truth:
    breaches = world["discount_breaches"]
    first = breaches.filter(~pl.col("has_approval"))["quote_source_id"][0]
    agreed = pl.col("has_approval") | (pl.col("quote_source_id") == first)
    return world.with_table("discount_breaches", breaches.with_columns(has_approval=agreed))


def _bands(world: Truth) -> Rows:
    quotes, steps = world["quotes"], world["approvals"]
    asked = _asked(world).with_columns(given=pl.lit(2, pl.UInt32))
    given = pl.concat([steps.filter("is_approved").group_by("quote_source_id").len("given"), asked])
    given = given.group_by("quote_source_id").agg(pl.col("given").sum())
    quotes = quotes.join(given, left_on="source_id", right_on="quote_source_id", how="left").fill_null(0)
    rows: Rows = []
    for band, (above, to) in BANDS.items():
        some = quotes.filter((pl.col("discount") > above) & (pl.col("discount") <= to))
        needed = {"10_to_25": 1, "over_25": 2}.get(band, 0)
        over = len(some) if needed else 0
        agreed = float((some["given"] >= needed).sum())
        rows.append((band, len(some), (1 - agreed / over) if over else None))
    return sorted(rows, key=lambda row: str(row[0]))


def _one_step_refused(world: Truth) -> Truth:
    steps = world["approvals"]
    refused = pl.when(pl.col("source_id") == steps.filter("is_approved")["source_id"][0]).then(False)
    return world.with_table("approvals", steps.with_columns(is_approved=refused.otherwise("is_approved")))


def _given_away(world: Truth) -> float:
    quotes = world["quotes"].filter(pl.col("is_newest") & (pl.col("currency") == "CNY"))
    return float(quotes.select((pl.col("list_cents") - pl.col("amount_cents")).sum() / 100).item())


def _one_dearer(world: Truth) -> Truth:
    quotes = world["quotes"]
    grown = pl.when(pl.col("is_newest")).then(pl.col("list_cents") * 1.01).otherwise("list_cents")
    return world.with_table("quotes", quotes.with_columns(list_cents=grown))


def _days_to_decide(world: Truth) -> float:
    steps = world["approvals"].filter("is_approved").group_by("quote_source_id").agg(pl.col("decided_on").max())
    quotes = world["quotes"].join(steps, left_on="source_id", right_on="quote_source_id")
    over = world["discount_breaches"].filter("has_approval")
    quotes = quotes.join(over, left_on="source_id", right_on="quote_source_id", how="semi")
    return float(quotes.select((pl.col("decided_on") > pl.col("quoted_on")).mean()).item())


def _decided_later(world: Truth) -> Truth:
    steps = world["approvals"]
    return world.with_table("approvals", steps.with_columns(decided_on=pl.col("decided_on") + pl.duration(days=1)))


QUESTIONS = (
    Question(
        "C26", "Which quotes over the discount limit were never fully approved?", "list",
        """
        select source_id from marts.quotes
        where approval_code in ('missing', 'incomplete', 'refused') order by 1
        """,
        _breaches, _agreed_to,
    ),
    Question(
        "C26", "Of the quotes in each discount band, which share was not approved?", "rate",
        """
        select member, version_count, breach_rate from marts.discounts
        where level = 'discount_band' and period = 'all_time' order by 1
        """,
        _bands, _one_step_refused,
    ),
    Question(
        "C26", "How much below list are the last quotes of all deals in CNY?", "amount",
        """
        select sum(list_base - amount_base) from marts.quotes where is_newest and currency = 'CNY'
        """,
        _given_away, _one_dearer,
        tolerance=1e-4,
    ),
    Question(
        "C26", "Which share of approvals came only after the quote had gone out?", "rate",
        """
        select avg(cast(is_approved_late as integer)) from marts.quotes where approval_code = 'approved'
        """,
        _days_to_decide, _decided_later,
    ),
)  # fmt: skip
