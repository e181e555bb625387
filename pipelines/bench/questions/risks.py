"""The register of risks beside the forecast: what each threatens, and what it takes by its chance."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth


def _open(world: Truth) -> pl.DataFrame:
    return world["risks"].filter(~pl.col("is_closed"))


def _effects(world: Truth) -> Rows:
    """Chance times loss, as a share of what is forecast of the months in danger."""
    told = _open(world).drop_nulls("share")
    return told.select("risk_id", effect=-pl.col("probability") * pl.col("share")).sort("risk_id").rows()


def _amounts(world: Truth) -> Rows:
    told = _open(world).drop_nulls("yuan")
    return told.select("risk_id", effect=-pl.col("probability") * pl.col("yuan")).sort("risk_id").rows()


def _months(world: Truth) -> Rows:
    """Months from the first to the last of those in danger."""
    first, last = pl.col("starts"), pl.col("ends")
    months = (last.dt.year() - first.dt.year()) * 12 + last.dt.month() - first.dt.month() + 1
    return _open(world).select("risk_id", months=months.cast(pl.Int64)).sort("risk_id").rows()


def _other_risks(world: Truth) -> Truth:
    rows = world["risks"].with_columns(probability=pl.col("probability") / 2, ends=pl.col("ends").dt.offset_by("1mo"))
    return world.with_table("risks", rows)


QUESTIONS = (
    Question(
        "C64", "Which share of the forecast does each risk take by its chance?", "rate",
        """
        select split_part(risk_id, '|', 2), relative_effect from outlook.risk_register
        where effect_code = 'counted' and split_part(risk_id, '|', 2) != 'R-03' order by 1
        """,
        _effects, _other_risks,
    ),
    Question(
        "C64", "What does the risk with a known loss take by its chance?", "amount",
        """
        select split_part(risk_id, '|', 2), effect from outlook.risk_register
        where split_part(risk_id, '|', 2) = 'R-03' order by 1
        """,
        _amounts, _other_risks,
    ),
    Question(
        "C64", "Which risks are open, and how many months of the forecast are in danger?", "duration",
        """
        select split_part(risk_id, '|', 2), period_count from outlook.risk_register
        where effect_code = 'counted' order by 1
        """,
        _months, _other_risks,
    ),
)  # fmt: skip
