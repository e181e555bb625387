"""What is earned of what is sold, by product line."""

from datetime import date

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

E4 = 10_000


def _lines(world: Truth) -> pl.DataFrame:
    """Lines of the twelve months to as_of, by product line: revenue and margin in 1/10,000 CNY."""
    day = world.as_of
    since = date(day.year - 1, day.month, day.day)
    rows = world["sales_lines"].filter(pl.col("invoiced_on") > since)
    return rows.with_columns(margin=pl.col("amount_base_e4") - pl.col("cost_base_e4"))


def _margins(world: Truth) -> Rows:
    rows = _lines(world).group_by("product_line").agg(pl.col("margin").sum() / E4)
    return rows.sort("product_line").rows()


def _margin_shares(world: Truth) -> Rows:
    share = pl.col("margin").sum() / pl.col("amount_base_e4").sum()
    return _lines(world).group_by("product_line").agg(pl.len(), share).sort("product_line").rows()


def _best_line(world: Truth) -> str:
    return str(max(_margin_shares(world), key=lambda row: row[2])[0])  # type: ignore[arg-type,return-value]


def _dearer_parts(world: Truth) -> Truth:
    lines = world["sales_lines"]
    factor = pl.when(pl.col("product_line") == _best_line(world)).then(2).otherwise(1)
    return world.with_table("sales_lines", lines.with_columns(cost_base_e4=pl.col("cost_base_e4") * factor))


QUESTIONS = (
    Question(
        "C56", "What was earned of the sales of twelve months, by product line?", "amount",
        """
        select product_line, sum(margin_base) from marts.revenue
        where invoiced_on > (select max(as_of) from control.published) - interval 1 year
        group by 1 order by 1
        """,
        _margins, _dearer_parts,
    ),
    Question(
        "C56", "Which share of the revenue is that, of how many lines?", "rate",
        """
        select product_line, count(*), sum(margin_base) / sum(amount_base) from marts.revenue
        where invoiced_on > (select max(as_of) from control.published) - interval 1 year
        group by 1 order by 1
        """,
        _margin_shares, _dearer_parts,
    ),
    Question(
        "C56", "Which product line earns most of what it sells?", "list",
        """
        select product_line from marts.revenue
        where invoiced_on > (select max(as_of) from control.published) - interval 1 year
        group by 1 order by sum(margin_base) / sum(amount_base) desc limit 1
        """,
        _best_line, _dearer_parts,
    ),
)  # fmt: skip
