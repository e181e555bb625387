"""Each shipped gate passes a sound company and says what is wrong with a broken one."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import gate_worlds
import pytest
from gate_homes import execute, home, start

from expectations import engine
from expectations.suite import Suite
from pipelines.gates import gates, volumes
from pipelines.home import warehouse
from pipelines.home.settings import Settings

WORLDS = {
    "raw": gate_worlds.raw,
    "clean": gate_worlds.clean,
    "marts": gate_worlds.marts,
    "forecast": gate_worlds.forecast,
}


def world(tmp_path: Path, gate: str) -> Settings:
    settings = home(tmp_path)
    start(settings)
    WORLDS[gate](settings)
    return settings


@pytest.mark.parametrize("gate", gates.GATES)
def test_a_sound_company_passes(tmp_path: Path, gate: str) -> None:
    settings = world(tmp_path, gate)
    report = gates.run_gate(settings, start(settings), gate)
    assert [result.sentence for result in report.results if result.outcome != "passed"] == []
    assert report.passed


@pytest.mark.parametrize("gate", gates.GATES)
def test_a_company_without_any_rows_but_its_calendar_is_not_blocked(tmp_path: Path, gate: str) -> None:
    """Deals without invoices, or invoices without deals, leave whole tables empty: that is no failure."""
    settings = world(tmp_path, gate)
    if gate == "raw":
        execute(settings, "delete from control.files where object <> 'accounts'", "delete from control.systems")
    kept = {"control.run", "control.files", "raw.accounts", "marts.calendar"}
    execute(settings, *gate_worlds.emptied(settings, keep=kept))
    report = gates.run_gate(settings, start(settings), gate)
    assert [result.sentence for result in report.blocking_failures] == []


# suite, what breaks it, words of the reason, whether it blocks
BREAKAGES = [
    ("raw/files", "update control.files set exported_at = '2025-04-30'", "sees no export at all", True),
    ("raw/files", "update control.files set rows_in = rows_in + 1", "a row was lost", True),
    ("raw/files", "delete from raw.accounts where _record = 1", "hold exactly the rows", True),
    ("raw/files", "update control.run set started_at = '2025-01-01'", "export from the future", True),
    ("raw/files", "update control.files set rows_in = rows_in + 20, rows_quarantined = 20", "a quarter of", True),
    ("raw/files", "update control.files set rows_in = rows_in + 4, rows_quarantined = 4", "one row in twenty", False),
    ("raw/files", "update control.files set status = 'rejected' where file_id = 'f2'", "refused as a whole", False),
    ("raw/files", "update control.files set status = 'rejected', exported_at = null where file_id = 'f2'",
     "refused as a whole", False),
    ("raw/files", "insert into control.files by name select 'x' as file_id, 'unclaimed' as status",
     "No contract reads", False),
    ("raw/files", "insert into control.files by name select * replace (100 as rows_loaded, 101 as rows_in, "
     "'replaced' as status, 'f0' as file_id, exported_at - interval 7 day as exported_at) from control.files "
     "where file_id = 'f1'; update control.files set status = 'loaded' where file_id = 'f0'",
     "much smaller than the one before", False),
    ("raw/systems", "delete from control.files where source_system = 'crm'", "marks this system as required", True),
    ("raw/systems", "update control.files set status = 'rejected' where file_id = 'f2'",
     "marks this system as required", True),
    ("raw/systems", "update control.files set exported_at = '2025-01-01' where source_system = 'erp'",
     "Two exports in a row", False),
    ("raw/lineage", "update raw.accounts set _row_hash = null where _record = 1", "nor traced", True),
    ("raw/lineage", "update raw.accounts set _record = 1", "counted twice", True),
    ("raw/lineage", "update raw.accounts set _file_id = 'unknown' where _record = 1", "the ledger counted", True),
    ("raw/exchange_rates", "update raw.exchange_rates set rate = 0 where _record = 1", "rate of zero", True),
    ("raw/currencies", "update raw.opportunities set currency = null where _record = 1", "nobody states", False),
    ("raw/dates", "update raw.opportunities set closed_on = '0024-03-05' where _record = 1", "before 1990", False),
    ("raw/dates", "update raw.opportunities set closed_on = '2068-01-05' where _record = 1", "years ahead", False),
    ("clean/customer_map", "update resolved.customer_map set customer_id = null where source_id = 'A1'",
     "out of every customer's total", True),
    ("clean/customer_map", "delete from resolved.customer_map where source_id = 'A1'", "that no customer holds", True),
    ("clean/customer_map", "insert into resolved.customer_map values ('crm', 'A1', 'C9')", "two customers", True),
    ("clean/customer_map", "insert into resolved.customer_map values ('crm', 'old', 'C9')", "no export holds", False),
    ("clean/customer_map", "update matching.mtc_records set is_tax_id_valid = true", "are two companies", True),
    ("clean/customer_map", "update resolved.customer_map set customer_id = 'C1'", "to be kept apart", True),
    ("clean/pairs", "update matching.mtc_pairs set score_bits = 3", "do not add up", True),
    ("clean/pairs", "insert into matching.mtc_pairs select * from matching.mtc_pairs", "weighed twice", True),
    ("clean/opportunities", "update staging.stg_opportunities set probability = 4", "hundred times", True),
    ("clean/opportunities", "update staging.stg_opportunities set closed_on = '2025-01-01'", "sales cycle", False),
    ("clean/opportunities", "update staging.stg_opportunities set amount = -1", "wrong sign", False),
    ("clean/opportunities", "update staging.stg_opportunities set closed_on = '2025-05-01'", "swapped", False),
    ("clean/opportunities", "update staging.stg_opportunities set created_on = '1970-01-01'", "misread date", False),
    ("clean/invoice_lines", "update staging.stg_invoice_lines set amount_gross = amount_net", "is not gross", False),
    ("clean/invoice_lines", "delete from staging.stg_invoice_lines where source_id = 'I1|1'", "their header", False),
    ("clean/invoice_lines", "update staging.stg_invoice_lines set invoiced_on = '2052-01-01'", "misread", False),
    ("clean/order_lines", "delete from staging.stg_order_lines where source_id = 'I1|1'", "their header", False),
    ("clean/order_lines", "update staging.stg_order_lines set amount_gross = amount_net", "is not gross", False),
    ("clean/order_lines", "update staging.stg_order_lines set ordered_on = '2052-01-01'", "misread", False),
    ("clean/customer_map", "insert into resolved.customer_map select 'crm', 'B' || i, 'C1' from range(200) as t(i)",
     "heaps", False),
    ("marts/revenue", "delete from marts.revenue where source_id = 'I1|1'", "visible invoice lines", True),
    ("marts/revenue", "update marts.revenue set amount_net = amount_net + 1", "visible invoice lines", True),
    ("marts/revenue", "insert into marts.revenue select * from marts.revenue", "visible order lines", True),
    ("marts/revenue", "update marts.revenue set amount_base = null", "missing exchange rate", True),
    ("marts/revenue", "update marts.revenue set invoiced_on = null", "one line in a hundred", True),
    ("marts/revenue", "update marts.revenue set invoiced_on = null", "in no period of any report", False),
    ("marts/revenue", "update marts.revenue set amount_net = null", "counts as nothing", False),
    ("marts/revenue", "update marts.revenue set customer_id = null", "name no customer", False),
    ("marts/revenue", "update marts.revenue set quantity = -1", "one sign alone", False),
    ("marts/revenue", "delete from marts.record_lineage", "cannot be defended", True),
    ("marts/orders", "delete from marts.orders where source_system = 'shop'", "served exactly once", True),
    ("marts/orders", "update marts.orders set amount_base = null", "missing exchange rate", False),
    ("marts/receipts", "insert into marts.receipts select * from marts.receipts", "served exactly once", True),
    ("marts/receipts", "update marts.receipts set amount_base = null", "missing exchange rate", False),
    ("marts/targets", "update marts.targets set amount_base = null", "target out of attainment", False),
    ("marts/submissions", "update intermediate.int_submissions set amount = null", "forecast unjudged", False),
    ("marts/quotes", "update marts.quotes set amount_base = null", "takes the quote out", False),
    ("marts/contracts", "update marts.contracts set amount_base = null", "takes the contract out", False),
    ("marts/budgets", "update marts.budget_vs_actual set spent_base = null", "takes the budget out", False),
    ("marts/opportunities", "delete from marts.opportunity_crosswalk where source_id = 'D2'", "plus dropped", True),
    ("marts/opportunities", "insert into marts.opportunities select * from marts.opportunities", "plus dropped", True),
    ("marts/opportunities", "update marts.opportunities set amount_base = 999.99", "to the last cent", True),
    ("marts/opportunities", "update marts.opportunities set amount_base = null", "missing exchange rate", False),
    ("marts/opportunities", "update marts.opportunities set customer_id = null", "name no customer", False),
    ("marts/opportunities", "update marts.opportunities set sales_cycle_days = -3", "misread date", False),
    ("marts/customer_360", "update marts.customer_360 set revenue_total = 100", "must add up", True),
    ("marts/customer_360", "delete from marts.customer_360 where customer_id = 'C2'", "must be served", True),
    ("marts/calendar", "delete from marts.calendar", "no report by period", True),
    ("marts/calendar", "delete from marts.calendar where day = '2024-05-05'", "hold every day", True),
    ("marts/calendar", "delete from marts.calendar where year(day) > 2025", "a year after as_of", True),
    ("marts/calendar", "delete from marts.calendar where day = '2025-05-05'", "short year", True),
    ("marts/calendar", "update marts.calendar set fiscal_year = null", "outside every fiscal year", True),
    ("marts/calendar", "update marts.calendar set fiscal_quarter = 5", "four quarters", True),
    ("marts/calendar", "update marts.calendar set fiscal_month = 13", "twelve months", True),
    ("marts/calendar", "update marts.revenue set invoiced_on = '1999-01-01'", "does not know", False),
    ("marts/period_completeness", "update marts.period_completeness set status = 'waiting' where not is_required",
     "left out of history", False),
    ("marts/period_completeness", "update marts.period_completeness set status = 'waiting', is_overdue = true",
     "marks this system as required", True),
    ("marts/period_completeness", "update marts.period_completeness set status = 'waiting', is_overdue = true "
     "where metric = 'receipts'", "A list of payments is missing", False),
    ("marts/series_history", "update marts.series_history set y = null", "cannot be learnt from", True),
    ("marts/series_history", "update marts.series_history set y = y + 1", "revenue of the complete months", True),
    ("marts/series_history", "delete from marts.series_history where level = 'total'", "add up to the total", True),
    ("marts/series_history", "update marts.series_history set ds = ds - 31 where ds = '2025-02-01'", "shifts", True),
    ("forecast/values", "update forecast.values set lo_80 = yhat + 1", "out of order", True),
    ("forecast/values", "update forecast.values set yhat = null where horizon = 3", "hole in every plan", True),
    ("forecast/values", "update forecast.values set lo_95 = -1", "less than nothing", True),
    ("forecast/values", "update forecast.values set is_served = true", "Two served numbers", True),
    ("forecast/values", "delete from forecast.values where horizon = 3", "with holes", True),
    ("forecast/values", "delete from forecast.values where horizon > 6 and unique_id like '%East%'",
     "ends earlier", True),
    ("forecast/values", "update forecast.series set last_period = '2025-05-01'", "stale history", True),
    ("forecast/values", "update forecast.values set yhat = yhat + 1 where unique_id like '%We%'", "two numbers", False),
    ("forecast/values", "update marts.series_history set y = 1", "three times", False),
    ("forecast/series", "delete from forecast.values where unique_id like '%East%'", "lost on the way", True),
    ("forecast/series", "delete from marts.series_history where unique_id like '%East%'", "has no history", True),
    ("forecast/series", "delete from forecast.series", "names none of its metrics", False),
    ("marts/kpi_values", "update marts.kpi_values set value = 1.01 where kpi = 'win_rate'", "A share below", True),
    ("marts/kpi_values", "update marts.kpi_values set value = 9 where value = 350", "are one figure of one", True),
    ("marts/kpi_values", "update marts.targets set metric = 'smiles'", "nothing measures it", False),
    ("forecast/latest", "insert into forecast.latest select * from forecast.latest", "counted twice", True),
    ("forecast/latest", "update forecast.latest set run_id = 'r0'", "has just issued", True),
    ("forecast/deal_scores", "update forecast.deal_scores set open_probability = 0.9", "do not add up to 1", True),
    ("forecast/deal_scores", "delete from forecast.deal_periods where horizon = 2", "taken apart", True),
    ("forecast/deal_scores", "insert into forecast.deal_scores select * from forecast.deal_scores "
     "where opportunity_id = 'D2'", "scored twice", True),
    ("forecast/pipeline", "update forecast.pipeline set booked = booked + 5", "count money twice", True),
    ("forecast/pipeline", "update forecast.pipeline set lo_80 = yhat + 1", "out of order", True),
    ("forecast/pipeline", "delete from forecast.pipeline where member = 'East'", "missing from the plan", True),
]  # fmt: skip


def test_a_rejected_file_is_forgotten_once_a_later_one_has_been_loaded(tmp_path: Path) -> None:
    settings = world(tmp_path, "raw")
    late = "select * replace ('old' as file_id, 'rejected' as status, exported_at - interval 7 day as exported_at)"
    execute(settings, f"insert into control.files by name {late} from control.files where file_id = 'f1'")
    report = gates.run_gate(settings, start(settings), "raw")
    assert [result.because for result in report.results if result.outcome != "passed"] == []


def test_a_late_list_of_payments_of_a_required_system_is_a_warning_of_its_own(
    tmp_path: Path, sound: dict[str, Path], suites: dict[str, list[Suite]]
) -> None:
    """It touches neither history nor forecasts nor scores: no other rule speaks of it, and nothing is held back."""
    settings = home(tmp_path)
    settings.warehouse.mkdir(parents=True)
    shutil.copy(sound["marts"], settings.working_file)
    late = "set status = 'waiting', is_overdue = true where metric = 'receipts' and is_required"
    execute(settings, f"update marts.period_completeness {late}")
    rules = [suite for suite in suites["marts"] if suite.name == "period_completeness"]
    failed = [result for result in engine.run_gate(settings.working_file, rules) if result.outcome == "failed"]
    assert [(result.because[:27], result.is_blocking) for result in failed] == [("A list of payments is missi", False)]


# Rules that compare with the run served before are seen to fail in a test of their own.
BEFORE = "volume"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A working file per gate that passes it, to be copied and broken."""
    return {gate: world(tmp_path_factory.mktemp(gate), gate).working_file for gate in gates.GATES}


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Suite]]:
    """The shipped suites by gate."""
    return gates.gate_suites(home(tmp_path_factory.mktemp("suites")))


@pytest.mark.parametrize(("suite", "broken", "reason", "blocks"), BREAKAGES, ids=lambda value: str(value)[:40])
def test_a_broken_company_is_told_why(
    tmp_path: Path,
    sound: dict[str, Path],
    suites: dict[str, list[Suite]],
    suite: str,
    broken: str,
    reason: str,
    blocks: bool,
) -> None:
    gate, _, name = suite.partition("/")
    settings = home(tmp_path)
    settings.warehouse.mkdir(parents=True)
    shutil.copy(sound[gate], settings.working_file)
    execute(settings, broken)
    gates.measure(settings)
    (rule,) = [narrowed(one, reason) for one in suites[gate] if one.name == name]
    assert rule.entries, f"no rule of {suite} gives the reason {reason!r}"
    failed = [result for result in engine.run_gate(settings.working_file, [rule]) if result.outcome == "failed"]
    assert failed, f"{broken} was not noticed"
    assert {result.is_blocking for result in failed} == {blocks}


def narrowed(suite: Suite, reason: str) -> Suite:
    """The suite with the rules alone that give this reason."""
    return replace(suite, entries=tuple(entry for entry in suite.entries if reason in entry.because))


def test_every_shipped_rule_has_been_seen_to_fail(suites: dict[str, list[Suite]]) -> None:
    unseen = [
        f"{entry.where}: {entry.because}"
        for gate, listed in suites.items()
        for suite in listed
        for entry in suite.entries
        if suite.name != BEFORE
        and not any(place == f"{gate}/{suite.name}" and words in entry.because for place, _, words, _ in BREAKAGES)
    ]
    assert unseen == []


@pytest.mark.parametrize(("kept", "failures"), [(100, []), (70, ["warning"]), (40, ["critical", "warning"])])
def test_volume_is_compared_with_the_run_that_was_served_last(
    tmp_path: Path, suites: dict[str, list[Suite]], kept: int, failures: list[str]
) -> None:
    settings = world(tmp_path, "marts")
    many = "create or replace table marts.receipts as select i as receipt_id from range({}) as t(i)"
    for run_id, day, rows in (("zz", 1, 100), ("aa", 8, 100)):
        served = start(settings, run_id, as_of=date(2025, 3, day))
        volumes.remember(settings, served, {("marts", "receipts"): rows})
    start(settings, "mm")
    execute(settings, many.format(kept))
    gates.measure(settings)
    (suite,) = [one for one in suites["marts"] if one.name == BEFORE]
    found = engine.run_gate(settings.working_file, [suite])
    assert [result.severity for result in found if result.outcome == "failed"] == failures
    with warehouse.read(settings) as connection:
        query = (
            "select row_count, previous_row_count, previous_run_id from quality.volumes where table_name = 'receipts'"
        )
        assert connection.execute(query).fetchall() == [(kept, 100, "aa")]
