"""What may happen to the forecast: the register of risks, and what it takes in expectation."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

FORECAST = ("revenue", "bookings")  # at every level that a risk names; margin by region is not
CLOSED = ("已关闭",)


def _judged(world: Truth) -> pl.DataFrame:
    """The risks with what the register says of each: percent, share and amount that count, or why they do not."""
    risks = world["risks"]
    is_closed = pl.col("status").is_in(CLOSED) | (pl.col("ends").fill_null(world.as_of) < world.as_of)
    code = (
        pl.when(is_closed)
        .then(pl.lit("closed"))
        .when(~pl.col("metric").is_in(FORECAST))
        .then(pl.lit("no_forecast"))
        .when(pl.col("percent").is_null())
        .then(pl.lit("no_probability"))
        .when(pl.col("share_percent").is_null() & pl.col("amount_w").is_null())
        .then(pl.lit("no_impact"))
        .otherwise(pl.lit("counted"))
    )
    return risks.with_columns(code=code)


def _by_code(world: Truth) -> Rows:
    return _judged(world).group_by("code").len().sort("code").rows()


def _shares(world: Truth) -> Rows:
    counted = _judged(world).filter((pl.col("code") == "counted") & pl.col("share_percent").is_not_null())
    effect = -(pl.col("percent") / 100) * pl.col("share_percent") / 100
    return counted.select("risk_name", effect).sort("risk_name").rows()


def _amounts(world: Truth) -> Rows:
    counted = _judged(world).filter((pl.col("code") == "counted") & pl.col("amount_w").is_not_null())
    effect = -(pl.col("percent") / 100) * pl.col("amount_w") * 10_000
    return counted.select("risk_name", "owner", "response", effect).sort("risk_name").rows()


def _likelier(world: Truth) -> Truth:
    likelier = pl.when(pl.col("status") == "open").then(pl.col("percent").fill_null(0) + 5).otherwise("percent")
    return world.with_table("risks", world["risks"].with_columns(percent=likelier))


QUESTIONS = (
    Question(
        "C64", "How many risks of the register count, and why do the others not?", "count",
        "select effect_code, count(*) from outlook.risk_register group by 1 order by 1",
        _by_code, _likelier,
    ),
    Question(
        "C64", "Which share of the forecast that it threatens does each risk take in expectation?", "rate",
        """
        select risk_name, relative_effect from outlook.risk_register
        where effect_code = 'counted' and category <> 'customer' order by 1
        """,
        _shares, _likelier, tolerance=1e-6,
    ),
    Question(
        "C64", "What does a risk with a known amount take, who watches it, and what is done?", "amount",
        """
        select risk_name, owner_name, response, effect from outlook.risk_register
        where effect_code = 'counted' and category = 'customer'
        """,
        _amounts, _likelier,
    ),
)  # fmt: skip
