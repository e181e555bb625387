"""One customer of many records, every row accounted for, no unknown word lost, money counted once."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

TWICE = "two customers in a thousand share nothing that tells that they are one"


def _records_per_customer(world: Truth) -> float:
    accounts = world["accounts"]
    return accounts.height / accounts["true_customer_id"].n_unique()


def _in_two_systems(world: Truth) -> float:
    systems = world["accounts"].group_by("true_customer_id").agg(pl.col("source_system").n_unique())
    return systems.filter(pl.col("source_system") >= 2).height / systems.height


def _all_of_one(world: Truth) -> Truth:
    """A tenth of the customers are one."""
    customer = pl.col("true_customer_id")
    merged = pl.when(customer % 10 == 0).then(0).otherwise(customer)
    return world.with_table("accounts", world["accounts"].with_columns(true_customer_id=merged))


def _one_system_less(world: Truth) -> Truth:
    system = pl.col("source_system").replace(
        dict.fromkeys(("hubspot", "zoho", "fxiaoke", "salesforce_apac"), "salesforce")
    )
    return world.with_table("accounts", world["accounts"].with_columns(source_system=system))


def _revenue(world: Truth) -> Rows:
    return world["revenue"].group_by("region").agg(pl.col("amount_base").sum()).sort("region").rows()


def _revenue_of_both(world: Truth) -> Rows:
    by = ["region", "product_line"]
    return world["revenue"].group_by(by).agg(pl.col("amount_base").sum()).sort(by).rows()


def _lines(world: Truth) -> int:
    return int(world["revenue"]["lines"].sum())


def _one_line_more(world: Truth) -> Truth:
    first = pl.int_range(pl.len()) == 0
    amount, lines = pl.col("amount_base"), pl.col("lines")
    changed = world["revenue"].with_columns(
        amount_base=pl.when(first).then(amount + 1).otherwise(amount),
        lines=pl.when(first).then(lines + 1).otherwise(lines),
    )
    return world.with_table("revenue", changed)


def _odd_industries(world: Truth) -> Rows:
    return world["odd_words"].filter(pl.col("column") == "industry").select("source_system", "word", "rows").rows()


def _another_word(world: Truth) -> Truth:
    return world.with_table("odd_words", world["odd_words"].with_columns(word=pl.col("word") + "s"))


def _customers_with_records(world: Truth) -> Rows:
    return [(world["accounts"].height,)]


def _one_record_less(world: Truth) -> Truth:
    return world.with_table("accounts", world["accounts"].head(-1))


QUESTIONS = (
    Question(
        "C01", "How many customer records do all systems have?", "count",
        "select count(*) from marts.customer_crosswalk",
        _customers_with_records, _one_record_less,
    ),
    Question(
        "C01", "How many records has a customer?", "rate",
        "select count(*) / count(distinct customer_id) from marts.customer_crosswalk",
        _records_per_customer, _all_of_one, tolerance=0.01, because=TWICE,
    ),
    Question(
        "C01", "Which share of the customers do two systems or more keep?", "rate",
        """
        select avg(cast(systems >= 2 as integer))
        from (select count(distinct source_system) as systems from marts.customer_crosswalk group by customer_id)
        """,
        _in_two_systems, _one_system_less, tolerance=0.02, because=TWICE,
    ),
    Question(
        "C02", "What was invoiced in each region, all ERPs together?", "amount",
        "select region, sum(amount_base) from marts.revenue group by region order by region",
        _revenue, _one_line_more,
    ),
    Question(
        "C39", "What was invoiced in each region with each product line?", "amount",
        """
        select region, product_line, sum(amount_base) from marts.revenue
        group by region, product_line order by region, product_line
        """,
        _revenue_of_both, _one_line_more,
    ),
    Question(
        "C02", "How many lines is that?", "count",
        "select count(*) from marts.revenue",
        _lines, _one_line_more,
    ),
    Question(
        "C06", "Can every line of revenue be walked back to a row of an export?", "count",
        """
        select count(distinct served_key) from marts.record_lineage
        where served_table = 'revenue' and record is not null
        """,
        _lines, _one_line_more,
    ),
    Question(
        "C09", "Which words of industries does no list know, in how many records?", "list",
        "select source_systems, industry_word, record_count from marts.industry_words where industry_code = 'unmapped'",
        _odd_industries, _another_word,
    ),
)  # fmt: skip
