"""`almanac bench cash --set home=DIR`: expected cash per week at past month ends, beside what came in.

The product's own SQL runs again on a home that has run, with what was known on each day: the invoices until then, what
of them was paid, and the forecast of revenue of a cutoff that chose nothing. The peer is last year's mean week with the
80 % range of its weeks. An interval is good if it holds four weeks of five and is narrow.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from pipelines.home.settings import load_settings

MODELS = ("intermediate/int_payment_days", "intermediate/int_payment_survival", "intermediate/int_open_invoice_cash",
          "outlook/expected_cash")  # fmt: skip
SERIES = "revenue|total||MS"
BANDS = {"weeks 1 to 4": (0, 3), "weeks 5 to 13": (4, 12)}
WIDEST = 1.281552  # standard deviations of a normal 80 % interval

# What was known on a day, of the tables that the models read.
KNOWN = {
    "control.run": "select * replace (date '{day}' as as_of) from real.control.run",
    "policy.cash_rules": "select * from real.policy.cash_rules",
    "intermediate.int_calendar_days": "select * from real.intermediate.int_calendar_days",
    "intermediate.int_receivables": """
        select * replace (
            if(paid_on <= date '{day}', paid_on, null) as paid_on,
            date_diff('day', invoiced_on, if(paid_on <= date '{day}', paid_on, date '{day}')) as age_days,
            if(paid_on <= date '{day}', 0, gross_base) as open_base, date '{day}' as payments_known_to)
        from real.intermediate.int_receivables where invoiced_on <= date '{day}'""",
    "intermediate.int_payment_lists": "select 'erp' as source_system, date '{day}' as known_to, false as has_ended",
    "intermediate.int_revenue_with_payments": "select * from real.intermediate.int_revenue_with_payments",
    "outlook.allocated_forecasts": """
        select 'revenue' as metric, 'total' as level, '' as member, period_start, yhat, lo_80, hi_80
        from real.forecast.backtest
        where unique_id = '{series}' and purpose = 'evaluation' and is_served and cutoff = date '{day}'""",
    "marts.receipts": "select * from real.marts.receipts where received_on <= date '{day}'",
}


def run(home: str) -> dict[str, Any]:
    """Per band of weeks ahead: n, share held by the 80 % interval, its width and the bias over what came in."""
    settings = load_settings(Path(home))
    compiled = settings.warehouse / "dbt_project" / "target" / "compiled" / "almanac" / "models"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.working_file}' as real (read_only); attach ':memory:' as work")
        weeks = [row for day in _cutoffs(connection) for row in _replayed(connection, compiled, day)]
    return {"origins": len({row[0] for row in weeks}), **{name: _scores(weeks, *band) for name, band in BANDS.items()}}


def _cutoffs(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """The month ends of the evaluation for which a quarter of receipts is known."""
    query = f"""
        select distinct cutoff from real.forecast.backtest cross join real.control.run
        where unique_id = '{SERIES}' and purpose = 'evaluation' and is_served and cutoff <= run.as_of - 91 order by 1"""
    return [row[0] for row in connection.execute(query).fetchall()]


def _replayed(connection: duckdb.DuckDBPyConnection, compiled: Path, day: date) -> Iterator[tuple[Any, ...]]:
    """day, weeks ahead, expected, lower, upper, mean and deviation of last year's weeks, what came in."""
    for name, query in KNOWN.items():
        connection.execute(f"create schema if not exists work.{name.split('.')[0]}")
        connection.execute(f"create or replace table work.{name} as {query.format(day=day, series=SERIES)}")
    for path in MODELS:
        query = (compiled / f"{path}.sql").read_text(encoding="utf-8")
        connection.execute(f"create or replace table work.{path.replace('/', '.')} as {query}")
    yield from connection.execute(f"""
        with past as (select (date '{day}' - received_on) // 7 as back, sum(amount_base)::double as y
            from work.marts.receipts where received_on > date '{day}' - 364 group by 1)
        select date '{day}', (cash.week_start - date '{day}') // 7 as ahead, cash.expected_base, cash.lo_80, cash.hi_80,
            (select sum(y) / 52 from past), (select sqrt(sum(y * y) / 52 - (sum(y) / 52) ** 2) from past),
            coalesce((select sum(amount_base)::double from real.marts.receipts
                where received_on between cash.week_start and cash.week_end), 0)
        from work.outlook.expected_cash as cash order by 2""").fetchall()


def _scores(weeks: list[tuple[Any, ...]], first: int, last: int) -> dict[str, Any]:
    rows = np.array([row[1:] for row in weeks if first <= row[1] <= last], dtype=float)
    expected, low, high, mean, deviation, came = rows[:, 1:].T
    usual = (np.maximum(mean - WIDEST * deviation, 0), mean + WIDEST * deviation)
    return {
        "n": len(rows),
        "product": _judged(expected, low, high, came),
        "last year's weeks": _judged(mean, *usual, came),
    }


def _judged(expected: Any, low: Any, high: Any, came: Any) -> dict[str, float]:
    return {
        "coverage_80": round(float(np.mean((low <= came) & (came <= high))), 3),
        "relative_width": round(float(np.sum(high - low) / np.sum(came)), 3),
        "wape": round(float(np.sum(np.abs(expected - came)) / np.sum(came)), 3),
        "bias": round(float(np.sum(expected) / np.sum(came) - 1), 3),
    }
