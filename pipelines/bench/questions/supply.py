"""Hand-offs to production and purchasing: what is asked for, what can be made, what to order."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

MONTH_DAYS = 365.25 / 12


def _line_demand(world: Truth) -> pl.DataFrame:
    return world["demand"].group_by("product_line").agg(pl.col("demand").sum())


def _usual_load(world: Truth) -> Rows:
    newest = world["capacity"].filter(pl.col("month") == pl.col("month").max())
    rows = newest.join(_line_demand(world), on="product_line")
    return rows.select("product_line", load=pl.col("demand") / pl.col("pieces")).sort("product_line").rows()


def _past_shortfall(world: Truth) -> Rows:
    sold = world["revenue"].group_by("month", "product_line").agg(pl.col("quantity").sum())
    rows = world["capacity"].filter(pl.col("month") <= world.as_of).join(
        sold, on=["month", "product_line"], how="left"
    ).with_columns(missing=(pl.col("quantity").fill_null(0) - pl.col("pieces")).clip(0))  # fmt: skip
    sums = rows.group_by("product_line").agg(pl.col("missing").sum(), months=(pl.col("missing") > 0).sum())
    return sums.sort("product_line").rows()


def _lines_short(world: Truth) -> Rows:
    return [(line,) for line, load in _usual_load(world) if isinstance(load, float) and load > 1]


def _more_capacity(world: Truth) -> Truth:
    return world.with_table("capacity", world["capacity"].with_columns((pl.col("pieces") * 1.5).cast(pl.Int64)))


def _usual_pieces(world: Truth) -> Rows:
    rows = world["demand"].select(product=pl.format("masterdata|{}", "product_id"), demand="demand")
    return rows.filter(pl.col("demand") > 0).sort("product").rows()


def _more_demand(world: Truth) -> Truth:
    more = pl.when(pl.col("product_id") == "P1001").then(pl.col("demand") * 2).otherwise("demand")
    return world.with_table("demand", world["demand"].with_columns(demand=more))


def _region_shares(world: Truth) -> Rows:
    year = pl.col("month") > pl.lit(world.as_of).dt.offset_by("-1y")
    sold = world["revenue"].filter(year & (pl.col("product_line") == "Controllers"))
    sums = sold.group_by("region").agg(pl.col("quantity").sum())
    return sums.select("region", pl.col("quantity") / pl.col("quantity").sum()).sort("region").rows()


def _sold_elsewhere(world: Truth) -> Truth:
    europe = pl.when(pl.col("region") == "Europe").then(pl.lit("Americas")).otherwise("region")
    return world.with_table("revenue", world["revenue"].with_columns(region=europe))


def _cover(world: Truth) -> Rows:
    """Days that a part lasts at the use of the last twelve months, the shortest first."""
    parts = world["part_supply"].filter(pl.col("demand") > 0)
    days = pl.col("in_stock") / pl.col("demand") * MONTH_DAYS
    rows = parts.select(pl.col("part_id").str.to_lowercase(), days=days, on_order="on_order")
    return rows.sort("days").head(3).rows()


def _turns(world: Truth) -> Rows:
    stock = world["stock"].filter(pl.col("counted") > pl.lit(world.as_of).dt.offset_by("-1y"))
    mean = stock.group_by(part_id="product_id").agg(mean=pl.col("quantity").mean())
    parts = world["part_supply"].filter(pl.col("demand") > 0).join(mean, on="part_id")
    turns = parts.select(pl.col("part_id").str.to_lowercase(), turns=pl.col("demand") * 12 / pl.col("mean"))
    return turns.sort("part_id").rows()


def _stocked_up(world: Truth) -> Truth:
    supply = world["part_supply"].with_columns(pl.col("in_stock") + 5000)
    return world.with_table("part_supply", supply).with_table(
        "stock", world["stock"].with_columns(pl.col("quantity") + 5000)
    )


QUESTIONS = (
    Question(
        "C55", "How many pieces of each product are sold in an average month of the last year?", "amount",
        """
        select product_id, sum(usual_quantity) from outlook.quantity_outlook
        where period_start = (select min(period_start) from outlook.quantity_outlook)
            and product_line in ('Sensors', 'Controllers', 'Spare parts')
        group by 1 order by 1
        """,
        _usual_pieces, _more_demand,
    ),
    Question(
        "C55", "Which share of the controllers expected next month goes to which region?", "rate",
        """
        select region, sum(expected_quantity) / sum(sum(expected_quantity)) over () from outlook.quantity_outlook
        where product_line = 'Controllers'
            and period_start = (select min(period_start) from outlook.quantity_outlook)
        group by 1 order by 1
        """,
        _region_shares, _sold_elsewhere,
    ),
    Question(
        "C87", "What share of its capacity does each product line use in an average month?", "rate",
        """
        select product_line, relative_usual_load from outlook.demand_vs_capacity
        qualify period_start = max(period_start) over () order by 1
        """,
        _usual_load, _more_capacity,
    ),
    Question(
        "C87", "How many pieces were asked for above capacity so far, in how many months?", "amount",
        """
        select product_line, sum(shortfall_quantity), count(*) filter (where is_short)
        from outlook.demand_vs_capacity where demand_basis = 'invoiced' group by 1 order by 1
        """,
        _past_shortfall, _more_capacity,
    ),
    Question(
        "C87", "Which lines cannot make what is usually asked for?", "list",
        "select distinct product_line from outlook.demand_vs_capacity where relative_usual_load > 1 order by 1",
        _lines_short, _more_capacity,
    ),
    Question(
        "C88", "Which three parts run out first at usual use, in how many days, and what is on order?", "duration",
        """
        select item, stock_quantity / usual_quantity * 365.25 / 12 as days, on_order_quantity
        from outlook.material_needs where item_kind = 'part' and usual_quantity > 0 order by days limit 3
        """,
        _cover, _stocked_up,
    ),
    Question(
        "C88", "How often does the stock of each part turn over in a year?", "rate",
        """
        select item, relative_turns_12m from outlook.material_needs
        where item_kind = 'part' and usual_quantity > 0 order by 1
        """,
        _turns, _stocked_up,
    ),
)  # fmt: skip
