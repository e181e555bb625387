"""Changed exports must change what is served as the change says, and the checks must see where they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.bench import metamorphic, metamorphic_cadence, truth_page
from pipelines.bench import metamorphic_changes as changes
from pipelines.bench import metamorphic_laws as laws
from pipelines.bench.exports import Exports, Listing, write_exports
from pipelines.bench.metamorphic_checks import CHECKS
from pipelines.bench.metamorphic_tables import Served, Tables, differences
from pipelines.contracts import load_contracts
from pipelines.home.settings import load_settings

AS_OF = date(2026, 1, 31)


def listing(name: str, rows: Sequence[Mapping[str, object]], system: str = "crm") -> Listing:
    """A full list that was exported once."""
    exported = {"exported_at": datetime(2026, 1, 31), "set_id": "s"}
    return Listing(system, name, name, "full", pl.DataFrame([{**row, **exported} for row in rows]))


@pytest.fixture
def company() -> Exports:
    """Two accounts with a deal each, one of which is in a known region, and a rate."""
    accounts = [{"source_id": key, "account_id": key, "account_name": f"{key} Ltd"} for key in ("a", "b")]
    deals = [
        {"source_id": key, "opportunity_id": key, "account_id": key, "stage": "lead", "amount": 10.0, "region": region}
        for key, region in (("a", "华东"), ("b", "Elsewhere"))
    ]
    rate = {"source_id": "r", "currency": "USD", "base_currency": "CNY", "rated_on": AS_OF, "rate": 8.0}
    rules = {"priority": 1, "cadence_days": 31, "timezone": "Asia/Shanghai", "cadences": {}}
    listings = (listing("accounts", accounts), listing("opportunities", deals), listing("exchange_rates", [rate]))
    return Exports(listings, {"crm": rules}, {"base_currency": "CNY"}, {}, AS_OF)


@pytest.fixture
def tables() -> Tables:
    """A table with a key, money, a count and a metric of each kind."""
    deals = pl.DataFrame({"id": ["a", "b"], "amount_base": [10.0, 20.0], "deal_count": [1, 2], "region": ["x", "y"]})
    series = pl.DataFrame(
        {"unique_id": ["revenue|total||MS", "quantity|total||MS"], "ds": [AS_OF, AS_OF], "y": [5.0, 7.0]}
    )
    return {"marts.deals": Served(deals, ("id",)), "marts.series": Served(series, ("unique_id", "ds"))}


def everything(table: str, column: str) -> bool:
    return False


@pytest.mark.fast
def test_exports_in_normal_form_are_a_company_that_can_be_read(company: Exports, tmp_path: Path) -> None:
    write_exports(company, tmp_path)
    settings = load_settings(tmp_path, config=tmp_path / "config")
    contract = load_contracts(settings.sources)["crm"]
    assert [item.object for item in contract.objects] == ["accounts", "opportunities", "exchange_rates"]
    files = sorted(path.relative_to(settings.inbox).as_posix() for path in settings.inbox.rglob("*.csv"))
    assert files[0] == "crm/accounts/20260131080000.csv"  # midnight UTC is eight in Shanghai


@pytest.mark.fast
def test_changes_change_what_they_say(company: Exports) -> None:
    amounts = {"doubled": changes.doubled(company), "shifted": changes.shifted(company)}
    assert amounts["doubled"].listings[1].rows["amount"].to_list() == [20.0, 20.0]
    assert amounts["doubled"].policy["tiers"]["revenue_12m_from"].to_list()[0] == 1_000_000
    assert amounts["shifted"].as_of == date(2022, 1, 31)
    assert amounts["shifted"].listings[2].rows["rated_on"].to_list() == [date(2022, 1, 31)]
    dollars, factor = changes.in_another_currency(company)
    assert (dollars.company["base_currency"], factor) == ("USD", 0.125)
    again = changes.repeated(company).listings[0].rows
    assert len(again) == 4 and again["set_id"].n_unique() == 2


@pytest.mark.fast
def test_a_split_system_keeps_every_deal_beside_its_account(company: Exports) -> None:
    halves = changes.split(company, "crm")
    homes = {
        (one.system, one.object): set(one.rows["account_id"])
        for one in halves.listings
        if one.object != "exchange_rates"
    }
    for system in ("crm_a", "crm_b"):
        assert homes.get((system, "accounts")) == homes.get((system, "opportunities"))
    assert set().union(*homes.values()) == {"a", "b"}


@pytest.mark.fast
def test_other_names_turn_the_alphabet_around_and_keep_words_of_one_region_together(company: Exports) -> None:
    renamed, words = changes.renamed(company)
    assert renamed.listings[1].rows["region"].to_list() == [words["华东"], words["Elsewhere"]]
    assert (words["华东"] < words["Elsewhere"]) == ("华东" > "Elsewhere")
    region = dict(renamed.policy["regions"].rows())
    assert region[words["华东"]] == words["East China"]


@pytest.mark.fast
def test_a_figure_that_does_not_follow_is_seen(tables: Tables) -> None:
    doubled = laws.scaled(tables, 2)
    assert doubled["marts.deals"].rows.row(0) == ("a", 20.0, 1, "x")
    assert doubled["marts.series"].rows["y"].to_list() == [10.0, 7.0]
    assert differences(doubled, doubled, everything) == []
    moved = {**doubled, "marts.deals": replace(doubled["marts.deals"], rows=tables["marts.deals"].rows)}
    assert [(one.column, one.rows) for one in differences(doubled, moved, everything)] == [("amount_base", 2)]
    lost = {**doubled, "marts.deals": replace(doubled["marts.deals"], rows=doubled["marts.deals"].rows.head(1))}
    assert [one.column for one in differences(doubled, lost, everything)] == ["rows missing"]


@pytest.mark.fast
def test_a_check_tells_how_much_it_compared_and_what_is_apart(tables: Tables, company: Exports) -> None:
    check = next(check for check in CHECKS if check.name == "repeated")
    row = metamorphic.judged(check, company, tables, laws.scaled(tables, 2))
    assert (row["tables"], row["compared"], row["apart"]) == (2, 14, 2)
    assert "| **repeated**" in metamorphic.markdown([row])


@pytest.mark.fast
def test_two_estimates_agree_if_chance_explains_their_difference() -> None:
    def stages(rate: float) -> pl.DataFrame:
        bounds = {"conversion_low_95": rate - 0.05, "conversion_high_95": rate + 0.05}
        days = {"mean_days": None, "mean_days_low_95": None, "mean_days_high_95": None}
        return pl.DataFrame(
            [{"stage_code": "lead", "stages_covered": "lead", "conversion_rate": rate, **bounds, **days}]
        )

    assert [agree for _, agree in metamorphic_cadence.compared(stages(0.5), stages(0.56))] == [True]
    assert [agree for _, agree in metamorphic_cadence.compared(stages(0.5), stages(0.6))] == [False]


@pytest.mark.fast
def test_a_part_of_the_page_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "truth.md"
    page.write_text("# Title\n\nWords.\n", encoding="utf-8")
    truth_page.record(page, "checks", "old")
    truth_page.record(page, "figures", "figures")
    truth_page.record(page, "checks", "new")
    truth_page.record_sections(page, "figures", {"b": "one", "a": "two"})
    truth_page.record_sections(page, "figures", {"b": "three"})
    text = page.read_text(encoding="utf-8")
    assert "### a\n\ntwo\n\n### b\n\nthree" in text
    assert text.startswith("# Title\n\nWords.\n") and "old" not in text
    assert text.index("new") < text.index("figures of almanac bench truth")


@pytest.mark.slow
def test_a_file_sent_again_moves_nothing() -> None:
    rows = metamorphic.run(only="repeated")["rows"]
    assert [row["examples"] for row in rows] == [[]]
    assert min(row["compared"] for row in rows) > 1_000_000


@pytest.mark.fast
def test_a_kpi_doubles_where_its_unit_is_money() -> None:
    units = ["CNY", "CNY per head", "share", None]
    values = pl.DataFrame({"kpi": list("abcd"), "unit": units, "value": 1.0, "value_year_before": 3.0, "n": 5})
    plans = pl.DataFrame({"kpi": ["a", "b"], "currency": ["CNY", None], "target_value": 2.0, "attainment": 0.5})
    rows = laws.scaled({"k": Served(values, ("kpi",)), "p": Served(plans, ("kpi",))}, 2)
    assert rows["k"].rows["value"].to_list() == [2, 2, 1, 1] and rows["k"].rows["n"].to_list() == [5] * 4
    assert rows["k"].rows["value_year_before"].to_list() == [6, 6, 3, 3]
    assert rows["p"].rows.select("target_value", "attainment").rows() == [(4, 0.5), (2, 0.5)]


@pytest.mark.fast
def test_days_inside_ids_and_years_of_cohorts_are_shifted_too() -> None:
    rows = pl.DataFrame(
        {
            "target_id": ["m|2026-10-01", "m"],
            "on": [AS_OF, None],
            "cohort": ["2024", "known_before"],
            "note": "2026-10-01",
        }
    )
    moved = laws.shifted({"t": Served(rows, ("target_id",))}, changes.YEARS)["t"].rows
    assert moved.rows() == [
        ("m|2022-10-01", date(2022, 1, 31), "2020", "2026-10-01"),
        ("m", None, "known_before", "2026-10-01"),
    ]


@pytest.mark.fast
def test_bounds_of_money_double_in_a_table_without_metrics() -> None:
    figures = {"expected_base": 4.0, "lo_80": 3.0, "hi_80": 5.0, "gap_at_lo_80": 1.0}
    cash = Served(pl.DataFrame({"week_start": [AS_OF], **figures}), ("week_start",))
    doubled = laws.scaled({"outlook.expected_cash": cash, "other": cash}, 2)
    assert doubled["outlook.expected_cash"].rows.row(0) == (AS_OF, 8.0, 6.0, 10.0, 2.0)
    assert doubled["other"].rows.row(0) == (AS_OF, 8.0, 3.0, 5.0, 1.0)
