"""Where a product line is strong, and where it could be sold more."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

STRONG, WEAK = 1.25, 0.8


def _shares(world: Truth) -> pl.DataFrame:
    """Revenue of twelve months by region and line, and its share beside that of the other regions."""
    first = world.as_of.replace(year=world.as_of.year - 1)
    sold = world["revenue"].filter(pl.col("month") >= first.replace(day=1)).filter(pl.col("month") > first)
    sums = sold.group_by("region", "product_line").agg(pl.col("amount_base").cast(pl.Float64).sum().alias("own"))
    region, line = pl.col("own").sum().over("region"), pl.col("own").sum().over("product_line")
    elsewhere = (line - pl.col("own")) / (pl.col("own").sum() - region)
    return sums.with_columns(strength=pl.col("own") / region / elsewhere).sort("region", "product_line")


def _revenue(world: Truth) -> Rows:
    return _shares(world).filter(pl.col("product_line") == "Sensors").select("region", "own").rows()


def _strength(world: Truth) -> Rows:
    return _shares(world).select("region", "product_line", "strength").rows()


def _strong(world: Truth) -> Rows:
    strong = _shares(world).filter(pl.col("strength") >= STRONG)
    return strong.select("region", "product_line").rows()


def _more_sensors(world: Truth) -> Truth:
    revenue = world["revenue"]
    more = pl.when((pl.col("product_line") == "Sensors") & (pl.col("region") == "Europe")).then(3).otherwise(1)
    return world.with_table("revenue", revenue.with_columns(amount_base=pl.col("amount_base").cast(pl.Float64) * more))


QUESTIONS = (
    Question(
        "C37", "What was sold of sensors in each region in twelve months?", "amount",
        """
        select region, revenue_base_12m from marts.region_products where product_line = 'Sensors' order by 1
        """,
        _revenue, _more_sensors,
        tolerance=1e-6,
    ),
    Question(
        "C37", "How strong is each product line in each region, beside the other regions?", "rate",
        """
        select region, product_line, relative_strength from marts.region_products order by 1, 2
        """,
        _strength, _more_sensors,
        tolerance=1e-6,
    ),
    Question(
        "C37", "Which product lines are strong in which region?", "list",
        """
        select region, product_line from marts.region_products where strength_code = 'strong' order by 1, 2
        """,
        _strong, _more_sensors,
    ),
)  # fmt: skip
