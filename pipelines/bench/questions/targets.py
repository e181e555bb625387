"""Targets: what is asked for, what is reached, how fast; and what commissions are reckoned on."""

from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.bench.questions.kpis import QUARTER_MONTHS, quarter_before, within
from pipelines.bench.questions.question import Question, Rows, Truth
from pipelines.demo.seasons import EPOCH, next_working_day
from pipelines.demo.words import CHINESE_REGION


def _revised(world: Truth) -> Rows:
    revised = world["plans"].filter(pl.col("version") == "revised")
    english = {chinese: region for region, chinese in CHINESE_REGION.items()}
    return revised.select(pl.col("member").replace(english), "start", "yuan").sort("start").rows()


def _years(world: Truth) -> pl.DataFrame:
    """Targets of revenue by region and year, beside what was sold in them."""
    years = world["revenue"].group_by(start=pl.col("month").dt.truncate("1y"), member="region")
    sold = years.agg(sold=pl.col("amount_base").cast(pl.Float64).sum())
    asked = world["plans"].filter((pl.col("period") == "year") & (pl.col("level") == "region"))
    return asked.join(sold, on=["start", "member"])


def _yearly_attainment(world: Truth) -> Rows:
    rows = _years(world).filter(pl.col("start").dt.year() == world.as_of.year - 1)
    return rows.select("member", attainment=pl.col("sold") / pl.col("yuan")).sort("member").rows()


def _reached(world: Truth) -> Rows:
    whole = _years(world).filter(pl.col("start").dt.offset_by("1y") <= world.as_of)
    return [(len(whole.filter(pl.col("sold") >= pl.col("yuan"))), len(whole))]


def _elapsed(world: Truth) -> float:
    """Share of the working days of China in the running year that are over."""
    start, end = world.as_of.replace(month=1, day=1), world.as_of.replace(month=12, day=31)
    days = np.arange((start - EPOCH).days, (end - EPOCH).days + 1)
    worked = days[next_working_day(days, chinese=True) == days]
    return float((worked <= (world.as_of - EPOCH).days).mean())


def _region_paces(world: Truth) -> Rows:
    rows = _years(world).filter((pl.col("start").dt.year() == world.as_of.year) & (pl.col("version") == "original"))
    pace = pl.col("sold") / pl.col("yuan") / _elapsed(world)
    return rows.select("member", pace).sort("member").rows()


def _pace(world: Truth) -> Rows:
    start, elapsed = world.as_of.replace(month=1, day=1), _elapsed(world)
    sold = float(world["revenue"].filter(pl.col("month") >= start)["amount_base"].sum())
    asked = world["plans"].filter((pl.col("period") == "year") & (pl.col("level") == "total"))
    attainment = sold / float(asked.filter(pl.col("start") == start)["yuan"].sum())
    return [(attainment, elapsed, attainment / elapsed)]


def _less_asked(world: Truth) -> Truth:
    return world.with_table("plans", world["plans"].with_columns((pl.col("yuan") * 0.8).cast(pl.Int64)))


def _elements(world: Truth) -> Rows:
    """Per region in the last quarter: reps employed in it for a day at least, and attainment of its revenue."""
    start = quarter_before(world)
    regions = world["revenue"].filter(within("month", start, QUARTER_MONTHS)).group_by(member="region")
    sold = regions.agg(sold=pl.col("amount_base").cast(pl.Float64).sum())
    asked = world["plans"].filter((pl.col("period") == "quarter") & (pl.col("level") == "region"))
    asked = asked.filter((pl.col("start") == start) & (pl.col("version") == "original"))
    here = world["reps"].filter(pl.col("left").is_null() | (pl.col("left") >= start))
    reps = here.group_by(member="region").agg(reps=pl.len())
    rows = asked.join(sold, on="member").join(reps, on="member")
    return rows.select("member", "reps", pl.col("sold") / pl.col("yuan")).sort("member").rows()


def _staff_left(world: Truth) -> Truth:
    left = pl.when(pl.col("rep") < 2).then(quarter_before(world) - timedelta(days=1)).otherwise("left")
    return world.with_table("reps", world["reps"].with_columns(left=left))


def _lead(world: Truth) -> Rows:
    """Correlation of the monthly changes of enquiries at dealers with those of their sales a month later."""
    months = world["dealer_reports"].group_by("month").agg(pl.col("enquiries", "sold").sum()).sort("month")
    asked, sold = months["enquiries"].diff().to_numpy()[1:-1], months["sold"].diff().to_numpy()[2:]
    return [(len(asked), float(np.corrcoef(asked, sold)[0, 1]))]


def _other_enquiries(world: Truth) -> Truth:
    asked = pl.col("enquiries") + pl.col("month").dt.month() * 3
    return world.with_table("dealer_reports", world["dealer_reports"].with_columns(enquiries=asked))


QUESTIONS = (
    Question(
        "C74", "Which targets were revised, to what?", "amount",
        """
        select member, period_start, target_value from marts.target_attainment
        where version = 'revised' and basis = 'given' and is_current order by 2
        """,
        _revised, _less_asked,
    ),
    Question(
        "C74", "What share of last year's target of revenue did each region reach?", "rate",
        """
        select member, attainment from marts.target_attainment
        where kpi = 'revenue' and dimension = 'region' and period = 'year' and is_current and is_complete
        qualify period_start = max(period_start) over () order by member
        """,
        _yearly_attainment, _less_asked,
    ),
    Question(
        "C74", "How many of the yearly targets of regions were reached?", "count",
        """
        select count(*) filter (where is_reached), count(*) from marts.target_attainment
        where kpi = 'revenue' and dimension = 'region' and period = 'year' and is_current and is_complete
        """,
        _reached, _less_asked,
    ),
    Question(
        "C75", "Do dealers' sales follow the enquiries of the month before?", "rate",
        "select n, correlation from marts.kpi_correlations where leading_kpi = 'dealer_enquiries'",
        _lead, _other_enquiries, tolerance=1e-5,
    ),
    Question(
        "C76", "How much of this year's target is reached, after which share of it, at what pace?", "rate",
        """
        select attainment, elapsed_share, pace from marts.target_attainment
        where kpi = 'revenue' and dimension = 'total' and period = 'year' and not is_complete and is_current
        """,
        _pace, _less_asked,
    ),
    Question(
        "C76", "At which pace does each region go for its target of this year?", "rate",
        """
        select member, pace from marts.target_attainment
        where kpi = 'revenue' and dimension = 'region' and period = 'year' and not is_complete and is_current
        order by member
        """,
        _region_paces, _less_asked,
    ),
    Question(
        "C80", "For how many reps of each region is the last quarter reckoned, at which attainment?", "rate",
        """
        select member, count(distinct rep_id), any_value(attainment) from marts.commission_inputs
        where element = 'region_revenue' and is_final
        group by member, period_start qualify period_start = max(period_start) over () order by 1
        """,
        _elements, _staff_left,
    ),
    Question(
        "C80", "How many rows has the extract of the last quarter, and how many reps?", "count",
        """
        select count(*), count(distinct rep_id) from (
            from marts.commission_inputs where element = 'region_revenue' and is_final
            qualify period_start = max(period_start) over ())
        """,
        lambda world: [(sum(row[1] for row in _elements(world)),) * 2],  # type: ignore[misc]
        _staff_left,
    ),
)  # fmt: skip
