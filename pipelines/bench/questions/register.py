"""What a licensed register says of customers, and which label they have: what they could buy, where they stand."""

import polars as pl

from pipelines.bench.questions.funnel import TELL_SIZE
from pipelines.bench.questions.question import Question, Rows, Truth
from pipelines.bench.questions.tiers import A_ABOVE, true_tiers

LARGE = 201
TWICE = "two customers in a thousand share nothing that tells that they are one"


def _found(world: Truth) -> pl.DataFrame:
    """Listed companies of which a record tells the tax id."""
    told = world["accounts"].filter("tells_tax_id").select(customer="true_customer_id")
    return world["registrations"].join(told, on="customer", how="semi")


def _status_counts(world: Truth) -> Rows:
    code = pl.col("status").replace_strict({"存续": "active", "注销": "dissolved"})
    return _found(world).group_by(code=code).len().sort("code").rows()


def _capital(world: Truth) -> Rows:
    year = pl.col("founded").dt.year() // 10 * 10
    rows = _found(world).group_by(decade=year).agg(pl.len(), pl.col("capital").mean())
    return rows.sort("decade").rows()


def _listed_share(world: Truth) -> float:
    return len(_found(world)) / world["accounts"]["true_customer_id"].n_unique()


def _large_that_buy_little(world: Truth) -> Rows:
    """Customers of which a CRM tells the heads: how many are large and bought less than a tier-A customer, how much."""
    told = world["accounts"].filter(pl.col("source_system").is_in(TELL_SIZE)).select(customer="true_customer_id")
    people = true_tiers(world, world.as_of).join(told, on="customer", how="semi")
    people = people.join(world["customers"].select("customer", "employees"), on="customer")
    large = people.filter((pl.col("employees") >= LARGE) & (pl.col("year") < A_ABOVE))
    return [(len(large), float(large["year"].sum()))]


def _developed_share(world: Truth) -> float:
    people = true_tiers(world, world.as_of)
    return len(people.filter(pl.col("year") >= A_ABOVE)) / world["accounts"]["true_customer_id"].n_unique()


def _under_way(world: Truth) -> Rows:
    """Customers with an open deal, and their share of all."""
    kept = world["deals"].filter(~pl.col("is_deleted"))
    still = world["deal_facts"].filter(pl.col("outcome") == "open").join(kept, on="true_deal_id", how="semi")
    count = still["customer"].n_unique()
    return [(count, count / world["accounts"]["true_customer_id"].n_unique())]


def _other_register(world: Truth) -> Truth:
    rows = world["registrations"].with_row_index("row")
    first = pl.col("row") < 20
    changed = rows.filter(pl.col("row") >= 4).with_columns(
        status=pl.when(first).then(pl.lit("注销")).otherwise("status"), capital=pl.col("capital") + 10_000
    )
    return world.with_table("registrations", changed.drop("row"))


def _half_the_sales(world: Truth) -> Truth:
    lines = world["sales_lines"]
    return world.with_table("sales_lines", lines.with_columns(pl.col("amount_base_e4") // 2))


def _some_given_up(world: Truth) -> Truth:
    outcome = pl.when(pl.col("true_deal_id") % 5 == 0).then(pl.lit("lost")).otherwise("outcome")
    return world.with_table("deal_facts", world["deal_facts"].with_columns(outcome=outcome))


QUESTIONS = (
    Question(
        "C03", "How many customers does the business register call active, how many dissolved?", "count",
        """
        select registration_status_code, count(*) from marts.customers
        where registration_code = 'found' group by 1 order by 1
        """,
        _status_counts, _other_register,
    ),
    Question(
        "C03", "What capital have customers on average, by the decade in which they were founded?", "amount",
        """
        select year(founded_on) // 10 * 10 as decade, count(*), avg(registered_capital) from marts.customers
        where registration_code = 'found' group by 1 order by 1
        """,
        _capital, _other_register,
    ),
    Question(
        "C03", "Of which share of the customers does the register tell?", "rate",
        "select avg(cast(registration_code = 'found' as integer)) from marts.customers",
        _listed_share, _other_register, tolerance=0.005, because=TWICE,
    ),
    Question(
        "C84", "How many large customers buy less than a tier-A customer, and how much?", "amount",
        """
        select count(*), sum(customers.revenue_12m)
        from marts.customer_labels join marts.customer_360 as customers using (customer_id)
        where label = 'potential' and label_code = 'high'
        """,
        _large_that_buy_little, _half_the_sales, tolerance=0.02, because=TWICE,
    ),
    Question(
        "C84", "Which share of the customers has little room left?", "rate",
        """
        select avg(cast(label_code = 'developed' as integer)) from marts.customer_labels where label = 'potential'
        """,
        _developed_share, _half_the_sales, tolerance=0.02, because=TWICE,
    ),
    Question(
        "C84", "How many customers have a deal under way, and which share of all is that?", "rate",
        """
        select count(*) filter (where label_code in ('evaluating', 'deciding')),
            avg(cast(label_code in ('evaluating', 'deciding') as integer))
        from marts.customer_labels where label = 'buying_phase'
        """,
        _under_way, _some_given_up, tolerance=0.01, because=TWICE,
    ),
)  # fmt: skip
