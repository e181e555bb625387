"""What customers buy: recency, repeat purchases, baskets, retention, churn and products bought together."""

from datetime import date, timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

MIN_LIFT = 1.2  # below it a pair is not offered


def _invoices(world: Truth) -> pl.DataFrame:
    """customer, invoice, invoiced_on, amount (1/10,000) and products of invoices that are no credits."""
    lines = world["sales_lines"]
    rows = lines.group_by("customer", "invoice").agg(
        pl.col("invoiced_on").min(), amount=pl.col("amount_base_e4").sum(), products=pl.col("product_id").n_unique()
    )
    return rows.filter(pl.col("amount") > 0)


def _basket(world: Truth) -> float:
    return float(_invoices(world)["products"].sum()) / len(_invoices(world))


def _repeaters(world: Truth) -> float:
    days = _invoices(world).group_by("customer").agg(days=pl.col("invoiced_on").n_unique())
    return len(days.filter(pl.col("days") > 1)) / len(days)


def _largest(world: Truth) -> Rows:
    since = world.as_of.replace(year=world.as_of.year - 1)
    year = world["sales_lines"].filter(pl.col("invoiced_on") > since)
    best = year.group_by("customer").agg(pl.col("amount_base_e4").sum()).sort("amount_base_e4", descending=True)
    return [(value / 10_000,) for value in best["amount_base_e4"].head(5)]


def _second_year(world: Truth) -> float:
    """Of the customers that first bought in 2023 and after the first year: the share that bought in their second."""
    bought = _invoices(world)
    firsts = bought.group_by("customer").agg(first=pl.col("invoiced_on").min())
    begin: date = firsts["first"].min()  # type: ignore[assignment]
    of_year = firsts.filter(
        (pl.col("first").dt.year() == 2023) & (pl.col("first") >= begin.replace(year=begin.year + 1))
    )
    second = bought.join(of_year, on="customer").filter(
        (pl.col("invoiced_on") >= pl.col("first").dt.offset_by("1y"))
        & (pl.col("invoiced_on") < pl.col("first").dt.offset_by("2y"))
    )
    return second["customer"].n_unique() / len(of_year)


def _silent_days(world: Truth) -> float:
    since = world.as_of - timedelta(days=365)
    last = (
        world["sales_lines"].filter(pl.col("amount_base_e4") > 0).group_by("customer").agg(pl.col("invoiced_on").max())
    )
    days = [(world.as_of - day).days for day in last["invoiced_on"] if day > since]
    return sum(days) / len(days)


def _pairs(world: Truth) -> Rows:
    """The pair of products with the highest lift among those that five customers bought: customers, lift.

    None below the lift at which a pair is offered.
    """
    sums = world["sales_lines"].group_by("customer", "product_id").agg(pl.col("amount_base_e4").sum())
    bought = sums.filter(pl.col("amount_base_e4") > 0).select("customer", "product_id")
    buyers, sizes = bought["customer"].n_unique(), dict(bought.group_by("product_id").len().iter_rows())
    both = bought.join(bought, on="customer", suffix="_also").filter(pl.col("product_id") < pl.col("product_id_also"))
    counts = both.group_by("product_id", "product_id_also").len().filter(pl.col("len") >= 5).rows()
    lifts = [(n * buyers / sizes[one] / sizes[two], n) for one, two, n in counts]
    return [max(lifts)[::-1]] if max(lifts)[0] >= MIN_LIFT else []


def _best_confidence(world: Truth) -> float | None:
    """Of the buyers of the rarer product of that pair, the share that bought the other one too."""
    if not _pairs(world):
        return None
    sums = world["sales_lines"].group_by("customer", "product_id").agg(pl.col("amount_base_e4").sum())
    bought = {
        key[0]: set(rows["customer"]) for key, rows in sums.filter(pl.col("amount_base_e4") > 0).group_by("product_id")
    }
    pairs = [(one, two, len(bought[one] & bought[two])) for one in bought for two in bought if one < two]
    best = max((pair for pair in pairs if pair[2] >= 5), key=lambda p: p[2] / len(bought[p[0]]) / len(bought[p[1]]))
    return best[2] / min(len(bought[best[0]]), len(bought[best[1]]))


def _sold_twice(world: Truth) -> Truth:
    """Another world: the largest buyer bought everything again, and those of 2024 on nothing."""
    lines = world["sales_lines"]
    most = lines.group_by("customer").agg(pl.col("amount_base_e4").sum()).sort("amount_base_e4")["customer"][-1]
    new = pl.col("customer").is_in([most]) & (pl.col("invoiced_on").dt.year() >= 2024)
    return world.with_table("sales_lines", lines.filter(~new))


def _two_tribes(world: Truth) -> Truth:
    """Another world: half of the customers buy two products and nothing else, and nobody else buys these."""
    lines = world["sales_lines"]
    one, two = lines["product_id"].unique().sort().head(2)
    is_theirs = pl.col("customer") % 2 == 0
    product = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit(one)).otherwise(pl.lit(two))
    theirs = lines.filter(is_theirs).with_columns(product_id=product)
    rest = lines.filter(~is_theirs & ~pl.col("product_id").is_in([one, two]))
    return world.with_table("sales_lines", pl.concat([theirs, rest]))


def _one_product_each(world: Truth) -> Truth:
    lines = world["sales_lines"].unique("invoice", keep="first", maintain_order=True)
    return world.with_table("sales_lines", lines)


def _never_again(world: Truth) -> Truth:
    """Another world: who bought first in 2023 never came back, and one in ten customers bought once."""
    lines = world["sales_lines"]
    firsts = lines.group_by("customer").agg(first=pl.col("invoiced_on").min())
    kept = (pl.col("invoiced_on") == pl.col("first")) | (
        (pl.col("first").dt.year() != 2023) & (pl.col("customer") % 10 != 0)
    )
    return world.with_table("sales_lines", lines.join(firsts, on="customer").filter(kept).drop("first"))


QUESTIONS = (
    Question(
        "C85", "How many different products are in a purchase?", "amount",
        "select sum(mean_basket * purchase_count) / sum(purchase_count) from marts.customer_purchases",
        _basket, _one_product_each,
    ),
    Question(
        "C85", "Which share of the buyers bought more than once?", "rate",
        "select count(*) filter (where is_repeat_buyer) / count(*) from marts.customer_purchases",
        _repeaters, _never_again,
    ),
    Question(
        "C85", "How much did the five best customers buy in the last twelve months?", "list",
        "select recent_revenue_base from marts.customer_purchases order by recent_revenue_base desc limit 5",
        _largest, _sold_twice,
    ),
    Question(
        "C49", "Which share of the customers that first bought in 2023 bought in their second year too?", "rate",
        "select active_rate from marts.customer_retention where cohort = '2023' and year_number = 2",
        _second_year, _never_again,
    ),
    Question(
        "C49", "For how many days have the customers that have not left been silent, on average?", "duration",
        "select avg(silent_days) from marts.churn_risks",
        _silent_days, _never_again,
    ),
    Question(
        "C48", "Which pair of products is bought together most beyond chance: customers, lift?", "rate",
        """
        select support_count, relative_lift from marts.cross_sell_candidates
        order by relative_lift desc, support_count desc limit 1
        """,
        _pairs, _two_tribes,
    ),
    Question(
        "C48", "Of the buyers of one product of that pair, which share bought the other too?", "rate",
        """
        select max(confidence_rate) from marts.cross_sell_candidates
        where relative_lift > (select max(relative_lift) - 0.000001 from marts.cross_sell_candidates)
        """,
        _best_confidence, _two_tribes,
    ),
)  # fmt: skip
