"""Four public data sets through the whole job, with contracts, seeds and SQL beside them and no code of their own.

The totals are those that the data sets' own page states. First what was loaded, then what is served.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import found

from pipelines.home.settings import Settings, load_settings

pytestmark = pytest.mark.real
CONFIGS = Path(__file__).resolve().parent / "real_sources"
AS_OF = {
    "maven_crm": date(2017, 12, 31),
    "baraa_crm_erp": date(2014, 1, 28),
    "online_retail": date(2011, 12, 9),
    "adventureworks": date(2019, 6, 30),
}


@dataclass(frozen=True)
class Data:
    """One data set in a home in which the whole job has run, and whether it passed."""

    settings: Settings
    passed: bool
    said: list[str]

    def loaded(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the working file."""
        return _query(self.settings.working_file, sql)

    def served(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of what was published."""
        assert self.passed, "\n".join(self.said[-20:])
        return _query(self.settings.published / "almanac.duckdb", sql)


def _query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def data(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Data]:
    """The named data set after the whole job, which runs once per session and data set."""
    from pipelines.orchestration.execute import run_job

    homes: dict[str, Data] = {}

    def run(name: str) -> Data:
        if name not in homes:
            home = tmp_path_factory.mktemp(name) / "home"
            settings = load_settings(home, inbox=datasets / name, config=CONFIGS / name)
            said: list[str] = []
            homes[name] = Data(settings, run_job(settings, AS_OF[name], {}, said.append), said)
        return homes[name]

    return run


def test_four_data_sets_are_configured_and_nothing_else_is_beside_them() -> None:
    assert {folder.name for folder in CONFIGS.iterdir() if folder.is_dir()} == set(AS_OF)
    assert {path.suffix for path in CONFIGS.rglob("*") if path.is_file()} <= {".yml", ".csv", ".sql"}


@pytest.mark.parametrize("name", AS_OF)
def test_every_claimed_file_is_loaded_and_every_row_is_counted(data: Callable[[str], Data], name: str) -> None:
    files = data(name).loaded(
        "select path, reason from control.files where status not in ('loaded', 'unclaimed') "
        "or rows_in <> rows_loaded + rows_quarantined + rows_control"
    )
    assert files == []


@pytest.mark.parametrize("name", AS_OF)
def test_every_served_series_has_a_forecast_and_what_is_too_short_says_so(
    data: Callable[[str], Data], name: str
) -> None:
    served = data(name).served(
        "select s.unique_id, s.freq, s.n_periods, count(f.yhat), any_value(f.fallback_reason) "
        "from forecast.series as s left join forecast.latest as f using (unique_id) group by all"
    )
    assert served and all(count > 0 for *_, count, _reason in served)
    season = {"MS": 12, "W-MON": 52, "QS": 4}
    short = [row for row in served if row[2] < 2 * season[row[1]]]
    assert all(reason for *_, reason in short)


def test_maven_deals_and_won_value(data: Callable[[str], Data]) -> None:
    maven = data("maven_crm")
    deals = maven.served(
        "select count(*), count(*) filter (where is_won), count(*) filter (where is_lost), "
        "count(*) filter (where stage_code = 'qualified'), count(*) filter (where stage_code = 'lead'), "
        "sum(amount_base) filter (where is_won), count(*) filter (where customer_id is null) from marts.opportunities"
    )
    assert deals == [(8800, 4238, 2473, 1589, 500, Decimal("10005534.0000"), 1425)]
    assert maven.served("select count(*) from marts.customer_360") == [(85,)]
    assert maven.served("select count(*) from marts.products") == [(7,)]


def test_three_spellings_of_a_key_are_18484_customers(data: Callable[[str], Data]) -> None:
    shop = data("baraa_crm_erp")
    assert shop.served("select count(*) from marts.customer_360") == [(18_484,)]
    spread = shop.served(
        "select records, count(*) from (select count(*) as records from marts.customer_crosswalk group by customer_id) "
        "group by records"
    )
    assert spread == [(3, 18_484)]


def test_repaired_sales_of_the_bicycle_shop(data: Callable[[str], Data]) -> None:
    shop = data("baraa_crm_erp")
    revenue = "select sum(amount_base), sum(quantity), count(*), count(distinct customer_id) from marts.revenue"
    assert shop.served(revenue) == [(Decimal("29356250.0000"), Decimal("60423.0000"), 60_398, 18_484)]
    assert shop.served("select count(distinct order_id) from marts.orders") == [(27_659,)]
    repaired = shop.loaded("select count(*) from control.corrections where column_name in ('amount_net', 'unit_price')")
    assert repaired == [(35,)]


def test_unreadable_order_dates_are_empty_logged_and_lose_no_line(data: Callable[[str], Data]) -> None:
    shop = data("baraa_crm_erp")
    assert shop.loaded("select count(*) from raw.order_lines where ordered_on is null") == [(19,)]
    assert shop.loaded("select count(*) from control.corrections where column_name = 'ordered_on'") == [(19,)]


def test_the_wholesaler_keeps_every_line_and_every_penny(data: Callable[[str], Data]) -> None:
    shop = data("online_retail")
    lines = shop.served(
        "select count(*), sum(amount_base), count(distinct customer_id), count(*) filter (where customer_id is null), "
        "count(*) filter (where quantity < 0) from marts.revenue"
    )
    assert lines == [(541_909, Decimal("9747747.9340"), 4_372, 135_080, 10_624)]
    assert shop.loaded("select count(*) from raw.invoice_lines where invoice_id like 'C%'") == [(9_288,)]
    assert shop.loaded("select count(*) from control.files where status = 'loaded'") == [(305,)]


def test_lines_without_amounts_are_worth_quantity_times_list_price(data: Callable[[str], Data]) -> None:
    maker = data("adventureworks")
    lines = maker.served(
        "select count(*), sum(quantity), count(distinct customer_id), sum(amount_base) from marts.revenue"
    )
    assert lines == [(56_046, Decimal("84174.0000"), 17_411, Decimal("24914586.8193"))]
    assert maker.served("select count(distinct order_id) from marts.orders") == [(25_162,)]
    assert maker.served("select count(*) from marts.customer_360") == [(18_148,)]
    months = maker.served("select count(distinct date_trunc('month', invoiced_on)) from marts.revenue")
    assert months == [(30,)]


@pytest.mark.parametrize("name", ["baraa_crm_erp", "adventureworks"])
def test_monthly_forecasts_come_with_a_backtest(data: Callable[[str], Data], name: str) -> None:
    cutoffs = data(name).served(
        "select count(distinct b.cutoff) from forecast.backtest as b join forecast.series as s using (unique_id) "
        "where s.level = 'total' and s.freq = 'MS'"
    )
    assert cutoffs[0][0] >= 3


def test_no_code_knows_a_data_set() -> None:
    """The product's code names none of them: everything particular stands beside the contracts."""
    root = Path(__file__).resolve().parent.parent
    folders = ("pipelines", "forecasts", "expectations", "dbt_project")
    words = ("maven", "baraa", "online_retail", "adventureworks", "adventure works")
    for folder in folders:
        for path in found((root / folder).rglob("*")):
            # Benchmarks name the sets that they measure, and no step of the job imports them.
            is_product = not {"target", "bench"}.intersection(path.relative_to(root).parts)
            if path.suffix in {".py", ".sql", ".yml", ".csv"} and is_product:
                text = path.read_text(encoding="utf-8", errors="replace").casefold()
                assert not [word for word in words if word in text], path
