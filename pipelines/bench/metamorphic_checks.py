"""The checks: a change of the exports, the change of every served figure that must follow, and what is not compared."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pipelines.bench import metamorphic_changes as changes
from pipelines.bench import metamorphic_laws as laws
from pipelines.bench.exports import Exports
from pipelines.bench.metamorphic_tables import Tables

KPIS = (
    "marts.kpi_values",
    "marts.kpi_catalogue",
    "marts.strategy_kpis",
    "marts.target_attainment",
    "marts.commission_inputs",
)
PROSE = re.compile(r"(message|evidence|reasons?|_reason|waits_for|because)$")  # figures and days in sentences
CENT = 0.01
CALENDAR = (  # weekdays, festivals and what learns from them
    r"forecast\.|outlook\.(forecast|variance|allocated|target_gap|target_progress|alerts|deal_|new_deal|open_deals|review)"
    r"|outlook\.(expected_cash|quantity_outlook)|marts\.(calendar|exchange_rates|corrections)"
)
OF_WEEKS = {  # columns of other tables that count weeks or working days
    "marts.rep_hygiene": ("due_period_count", "contact_compliance_rate"),
    "marts.target_attainment": ("elapsed_share", "pace"),
}
# What a company is, whatever system tells of it. The rest names systems or ids, which are others in a split system.
OF_THE_COMPANY = (
    *(
        "series_history",
        "win_rate",
        "sales_cycle",
        "pipeline_changes",
        "pipeline_categories",
        "targets",
        "reps",
        "products",
    ),
    *("rep_performance", "probability_calibration", "probability_curve", "stage_probabilities", "revenue_assignment"),
)
OF_DEALS = (
    *("opportunities", "opportunity_crosswalk", "win_rate", "sales_cycle", "funnel", "stages", "stage_history", "reps"),
    *("stage_moves", "pipeline_changes", "pipeline_categories", "probability_calibration", "probability_curve"),
    *("stage_probabilities", "process_adherence", "deal_contacts", "activities", "receipts", "orders", "targets"),
)


def _same(tables: Tables, exports: Exports) -> Tables:
    return tables


def _compare_all(table: str, column: str) -> bool:
    return False


@dataclass(frozen=True)
class Check:
    """name; change and follows in words; make: the other exports; expected: the tables that must follow from the old.

    seen: what of the new tables is compared. without: columns that are not, and `but` says why.
    """

    name: str
    change: str
    follows: str
    make: Callable[[Exports], Exports]
    expected: Callable[[Tables, Exports], Tables] = _same
    seen: Callable[[Tables, Exports], Tables] = _same
    without: Callable[[str, str], bool] = _compare_all
    but: str = ""


def without_prose(table: str, column: str) -> bool:
    """Columns of sentences."""
    return bool(PROSE.search(column))


def _without_parts(table: str, column: str) -> bool:
    """Sentences, and what a KPI is made of: its unit says in what the value is counted, not in what its parts are."""
    return without_prose(table, column) or (table == "marts.kpi_values" and column in ("numerator", "denominator"))


def _not_of_the_calendar(table: str, column: str) -> bool:
    return bool(re.match(CALENDAR, table) or PROSE.search(column) or column in OF_WEEKS.get(table, ()))


def _without_weeks(tables: Tables, exports: Exports) -> Tables:
    """Weeks begin on other days of a shifted year."""
    series = {"marts.series_history": ~pl.col("unique_id").str.ends_with("W-MON")}
    weekly = {
        name: pl.col(column).ne_missing("week")
        for name, served in tables.items()
        for column in ("period", "contact_period")
        if column in served.rows.columns
    }
    return {**tables, **laws.rows_of(tables, weekly | series)}


def _marts(tables: Tables, names: tuple[str, ...]) -> Tables:
    return laws.only(tables, tuple(f"marts.{name}" for name in names))


def _of_the_company(tables: Tables, exports: Exports) -> Tables:
    """What is said of the company and of members of its own, not of its systems."""
    company = _marts(tables, OF_THE_COMPANY)
    levels = {name: pl.col("level") != "source_system" for name, one in company.items() if "level" in one.rows.columns}
    return {**company, **laws.rows_of(company, levels)}


def _before_the_gap(tables: Tables, exports: Exports) -> Tables:
    """Tables of deals, and series of the months before the last two, which the missing file tells of."""
    two_months_ago = exports.as_of.replace(day=1)
    recent = pl.col("ds") >= pl.lit(two_months_ago).dt.offset_by("-1mo")
    history = laws.rows_of(
        tables, {"marts.series_history": ~recent | pl.col("unique_id").str.contains("^bookings|^opp")}
    )
    return {**_marts(tables, OF_DEALS), **history}


def _of_a_cent(tables: Tables, exports: Exports) -> Tables:
    """A reason that explains less than a cent has a row in one currency and none in another."""
    seen = pl.col("effect").cast(pl.Float64).abs() >= CENT
    return {**tables, **laws.rows_of(tables, {"outlook.variance_bridge": seen, "outlook.variance_effects": seen})}


def _is_told_by_the_file(table: str, column: str) -> bool:
    return column in ("interaction_count_90d", "last_interaction_on")


CHECKS = (
    Check(
        "repeated",
        "every newest export is sent once more, a minute later",
        "nothing",
        changes.repeated,
    ),
    Check(
        "doubled",
        "every amount is twice as large, and so are the thresholds of tiers and grades",
        "every amount doubles; no count, rate, day or name moves",
        changes.doubled,
        expected=lambda tables, exports: laws.scaled(tables, changes.FACTOR),
        without=_without_parts,
        but="sentences that quote amounts; the parts of KPIs",
    ),
    Check(
        "other base currency",
        "the company counts in dollars instead of yuan (one rate for all days, so that it is a unit of measure)",
        "every amount in base currency is divided by the rate; amounts in the currency of their row, counts, days stay",
        lambda exports: changes.in_another_currency(exports)[0],
        expected=lambda tables, exports: _of_a_cent(
            laws.scaled(tables, changes.in_another_currency(exports)[1], base_only=True), exports
        ),
        seen=_of_a_cent,
        without=lambda table, column: (
            _without_parts(table, column)
            or table in ("marts.exchange_rates", "forecast.importance")
            or column in ("base_rate", "base_currency")
            or (table in KPIS and column in ("unit", "currency"))
        ),
        but="the rates and units themselves; parts of KPIs; sentences that quote amounts; effects below a cent; "
        "shares of a random forest",
    ),
    Check(
        "renamed",
        "regions, teams, product lines and reps have other names, in the opposite order of the alphabet",
        "the names, wherever they are served; no figure",
        lambda exports: changes.renamed(exports)[0],
        expected=lambda tables, exports: laws.in_words(tables, changes.renamed(exports)[1]),
        seen=lambda tables, exports: laws.in_words(tables, changes.renamed(exports)[1]),
        without=lambda table, column: table == "forecast.importance",
        but="shares of a random forest, which draws its rows in the order of the series' names",
    ),
    Check(
        "four years earlier",
        "every day is four years earlier, the day of the run too (four: the leap day stays where it is)",
        "every day, by four years; no figure of months, quarters, years or days",
        changes.shifted,
        expected=lambda tables, exports: laws.shifted(_without_weeks(tables, exports), changes.YEARS),
        seen=_without_weeks,
        without=_not_of_the_calendar,
        but="weeks, festivals and working days are others, and with them what counts them and whatever is forecast; "
        "days in sentences",
    ),
    Check(
        "system split in two",
        "the CRM with a history is two systems with the same contract, each account in one of them",
        "nothing that is said of the company",
        lambda exports: changes.split(exports, "salesforce"),
        expected=_of_the_company,
        seen=_of_the_company,
        without=lambda table, column: column in ("record_count", "system_count"),
        but="how many records and systems tell of it; tables and rows by system or id; funnels, which are estimated "
        "per system",
    ),
    Check(
        "file removed",
        "the newest invoices of one ERP have not come",
        "no month of a series before the last two moves, and nothing of deals",
        lambda exports: changes.without_newest(exports, "kingdee", "invoice_lines"),
        expected=_before_the_gap,
        seen=_before_the_gap,
        without=_is_told_by_the_file,
        but="",
    ),
)
