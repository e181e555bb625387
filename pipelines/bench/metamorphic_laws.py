"""What must follow from a change of the exports: the tables of the company, changed as they have to change."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import polars as pl
import polars.selectors as cs

from pipelines.bench.metamorphic_tables import Served, Tables

MONEY = re.compile(
    r"(^|_)(amount|base)(_|$)|^(revenue|margin|receipts_(gross|net))_|^invoiced_gross_total$"
    r"|_(price|cost)$|^(expected_win|entered)_"
)
NO_MONEY = re.compile(
    r"(_count|_share|_rate|_days)(_\w+)?$|^win_rate_by_amount$|_z_score$|^base_rate$|probability|similarity|_order$"
)
OF_A_METRIC = re.compile(
    r"^(y|yhat|(model_|naive_)?yhat|(model_)?(lo|hi)_\d+|mean|booked|existing|new|actual|deviation|effect|gap"
    r"|forecast_rest(_low_80|_high_80)?|error|loss)$"
)
OF_A_KPI = re.compile(r"^((target|actual|own)_)?value(_year_before)?$")
A_CURRENCY = r"^[A-Z]{3}( per .+)?$"  # the unit of a KPI that is money: CNY, CNY per head
OWN_CURRENCY = re.compile(r"^(amount|amount_net|(unit|list)_price|unit_cost|annual_revenue)$")
OWN_BESIDE_BASE = re.compile(r"^(net|gross|received|open)_amount$")
MONEY_METRICS = ("revenue", "bookings", "margin")
MONEY_OF = {"outlook.expected_cash": ("lo_80", "hi_80", "gap_at_lo_80")}  # bounds of money in a table without metrics
ISO_DAY, YEAR = r"\d{4}-\d{2}-\d{2}", r"^\d{4}$"


def scaled(tables: Tables, factor: float, *, base_only: bool = False) -> Tables:
    """Every amount times a factor, and nothing else; base_only: not those in the currency of their row."""
    return {
        name: replace(served, rows=_scaled(served.rows, factor, base_only, MONEY_OF.get(name, ())))
        for name, served in tables.items()
    }


def _scaled(rows: pl.DataFrame, factor: float, base_only: bool, further: tuple[str, ...]) -> pl.DataFrame:
    is_money = _is_money(rows)
    numbers = [n for n in rows.select(cs.numeric()).columns if not (base_only and _is_in_own_currency(n, rows))]
    always = (
        [] if is_money is not None else [name for name in numbers if MONEY.search(name) and not NO_MONEY.search(name)]
    )
    changed = [_times(name, factor) for name in (*always, *further)]
    if is_money is not None:
        of_row = OF_A_KPI if "kpi" in rows.columns else OF_A_METRIC
        own = [n for n in numbers if (MONEY.search(n) and not NO_MONEY.search(n)) or of_row.search(n)]
        changed = [
            pl.when(is_money).then(_times(n, factor)).otherwise(pl.col(n).cast(pl.Float64)).alias(n) for n in own
        ]
    return rows.with_columns(changed)


def _is_in_own_currency(name: str, rows: pl.DataFrame) -> bool:
    """Whether a column is in the currency of its row (docs/naming.md); with a currency beside it some others are."""
    return bool(OWN_CURRENCY.search(name) or ("currency" in rows.columns and OWN_BESIDE_BASE.search(name)))


def _times(name: str, factor: float) -> pl.Expr:
    return (pl.col(name).cast(pl.Float64) * factor).alias(name)


def _is_money(rows: pl.DataFrame) -> pl.Expr | None:
    """Whether the metric or KPI of a row is money; None where its table has neither."""
    unit = next((name for name in ("unit", "currency") if name in rows.columns), None)
    if "kpi" in rows.columns and unit:
        return pl.col(unit).str.contains(A_CURRENCY).fill_null(False)
    if "metric" in rows.columns:
        return pl.col("metric").is_in(MONEY_METRICS)
    if "unique_id" in rows.columns:
        return pl.col("unique_id").str.split("|").list.first().is_in(MONEY_METRICS)
    return None


def shifted(tables: Tables, by: str) -> Tables:
    """Every day and instant as much earlier or later, those inside ids and the years of cohorts as well."""
    return {name: replace(served, rows=_shifted(served.rows, by)) for name, served in tables.items()}


def _shifted(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    ids = rows.select(cs.string() & cs.ends_with("_id"))
    told = [pl.col(name).str.extract_all(ISO_DAY).explode(empty_as_null=True) for name in ids.columns]
    series = [ids.select(column).to_series() for column in told]
    days = sorted({day for one in series for day in one.drop_nulls()})
    later = {day: str(pl.Series([date.fromisoformat(day)]).dt.offset_by(by)[0]) for day in days}
    moved = rows.with_columns(pl.col(pl.Date, pl.Datetime).dt.offset_by(by))
    if later:
        moved = moved.with_columns(pl.col(ids.columns).str.replace_many(list(later), list(later.values())))
    if "cohort" not in rows.columns:
        return moved
    first = pl.date(pl.col("cohort").str.extract(YEAR, 0).cast(pl.Int32), 1, 1).dt.offset_by(by).dt.year()
    return moved.with_columns(cohort=pl.coalesce(first.cast(pl.String), "cohort"))


def in_words(tables: Tables, words: Mapping[str, str]) -> Tables:
    """Every text with the new names in place of the old ones, inside ids and sentences as well."""
    longest = sorted(words, key=lambda word: (-len(word), word))
    new = [words[word] for word in longest]
    return {
        name: replace(served, rows=served.rows.with_columns(cs.string().str.replace_many(longest, new, leftmost=True)))
        for name, served in tables.items()
    }


def only(tables: Tables, names: tuple[str, ...]) -> Tables:
    """Those tables alone."""
    return {name: tables[name] for name in names}


def rows_of(tables: Tables, keep: Mapping[str, pl.Expr]) -> Tables:
    """The rows of some tables that a condition selects."""
    return {name: Served(tables[name].rows.filter(condition), tables[name].key) for name, condition in keep.items()}
