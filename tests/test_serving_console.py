"""What the console says after a run, and when someone asks how things stand."""

import json
from datetime import timedelta
from pathlib import Path

import gate_homes as homes
import polars as pl
import pytest
from serving_world import FINISHED, held, log_run, serve
from test_status import INGESTED, freshness_row

from pipelines.decisions import log as answers
from pipelines.gates import gates
from pipelines.home.settings import Settings
from pipelines.serving import console, status

pytestmark = pytest.mark.fast
RUN = "run-0001-of-march"
KINDS = ("files_loaded", "files_rejected", "rows_in", "rows_loaded", "rows_quarantined", "rows_control")
WHY = "A line without an amount is missing from every total."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


def told(text: str) -> list[tuple[str, str]]:
    """Name and text of each line below the title."""
    return [(line[2:14].strip(), line[14:]) for line in text.splitlines()[2:]]


def write_summary(settings: Settings, **known: object) -> None:
    """A status file with nothing in it but what is named."""
    last = {"as_of": "2025-03-31", "run_kind": "live", "run_id": RUN}
    last |= {"outcome": known.pop("outcome", "published"), "figures": json.dumps(dict.fromkeys(KINDS, 0))}
    lists = dict.fromkeys(("gates", "failures", "freshness", "rejected_files"), ())
    settings.published.mkdir(parents=True, exist_ok=True)
    (settings.published / "status.json").write_text(json.dumps({"last_run": last} | lists | known))


def test_a_run_is_told_in_a_dozen_lines_while_others_read_its_tables(settings: Settings) -> None:
    run = homes.start(settings, RUN)
    homes.execute(settings, INGESTED)
    gates.keep(settings, run, "raw", [homes.result("raw"), homes.result("raw", "failed", "warning")])
    gates.keep(settings, run, "forecast", [homes.result("forecast", "error", "warning")])
    said = {"faults": ["a.csv: no memory"], "ties": ["b.csv: of one day"]}
    status.write_status(settings, RUN, outcome="published", figures=said, finished_at=FINISHED)
    with held(serve(settings, RUN)):
        text = console.render(settings)
    assert text.splitlines()[:2] == ["", "Almanac: as of 2025-03-31, live run run-0001: published"]
    assert console.faults(settings) == said["faults"]
    assert told(text)[:15] == [
        ("files", "3 loaded, 1 rejected"),
        ("rows", "16 in = 14 loaded + 1 quarantined + 1 control"),
        ("rejected", "erp/lines_0329.csv: no header"),
        ("unread", "a.csv: no memory"),
        ("same day", "b.csv: of one day"),
        ("gates", "raw 1 of 2 passed, clean not reached, marts not reached, forecast 0 of 1 passed"),
        ("warning", f"revenue.amount_base: {WHY}"),
        ("warning", f"revenue.amount_base: {WHY}"),
        ("customers", "5 records of all systems are 3 customers"),
        ("deals", "4 records are 2 deals"),
        ("revenue", "1,500.75 on 2 lines, 2025-01-05 to 2025-03-20"),
        ("forecasts", "2 series, 3 periods from 2025-04-01 to 2025-05-01, 1 by the naive fallback"),
        ("waiting", "bookings, revenue: lines of March are awaited"),
        ("no rows", "1 tables, left out of pages and workbooks: marts.quotes"),
        ("tables", str(settings.served_file)),
    ]


def test_only_files_that_are_there_are_pointed_to(settings: Settings) -> None:
    write_summary(settings, outcome="blocked")
    names = ["files", "rows", "gates", "tables", "status", "next", "", ""]
    assert [name for name, _ in told(console.render(settings))] == names
    assert ("tables", "nothing is served yet") in told(console.render(settings))
    places = [settings.published / kind / "latest" for kind in ("parquet", "workbooks", "pages")]
    for place in places:
        place.mkdir(parents=True)
    (places[2] / "index.html").touch()
    serve(settings)
    lines = told(console.render(settings))
    assert ("parquet", str(places[0])) in lines
    assert lines[-2:] == [("workbooks", str(places[1])), ("pages", str(places[2] / "index.html"))]
    assert [text.split()[-1] for _, text in lines[-5:-2]] == ["status", "docs", "dev"]


@pytest.mark.parametrize("outcome", ["blocked", "published"])
def test_figures_of_an_earlier_run_or_of_a_missing_file_are_not_told(settings: Settings, outcome: str) -> None:
    log_run(settings, "r1")
    write_summary(settings, outcome=outcome)
    if outcome == "blocked":
        serve(settings)
    assert "customers" not in dict(told(console.render(settings)))


def test_words_that_stay_in_the_home_replace_those_of_the_status_file(settings: Settings) -> None:
    file = {"status": "rejected", "path": "a.csv", "reason": "unclear"}
    write_summary(settings, outcome="blocked", rejected_files=[file])
    row = {"path": "a.xlsx", "sheet_name": "Deals", "cell": "C4", "outcome": "refused", "message": "no such stage"}
    answers.append(settings, FINISHED, "f" * 64, [row])
    assert ("rejected", "a.csv: unclear") in told(console.render(settings))
    lines = told(console.render(settings, [{**file, "reason": "its first row is: Anna"}]))
    assert ("rejected", "a.csv: its first row is: Anna") in lines and ("rejected", "a.csv: unclear") not in lines
    assert ("refused", "a.xlsx, Deals, C4: no such stage") in lines
    assert console.faults(settings) == []


def test_with_a_known_truth_the_customers_are_measured(settings: Settings) -> None:
    write_summary(settings)
    serve(settings)
    assert "against the known truth" not in console.render(settings)
    (settings.home / "truth").mkdir()
    real = {"source_system": ["crm"] * 5, "source_id": list("01234"), "true_customer_id": list("xxxxy")}
    pl.DataFrame(real).write_parquet(settings.home / "truth" / "accounts.parquet")
    # two pairs are claimed and both are real; four records of one customer are six real pairs
    assert ("", "against the known truth: precision 1.000, recall 0.333") in told(console.render(settings))


def test_how_things_stand_is_told_with_the_last_ten_runs(settings: Settings) -> None:
    hours = {number: FINISHED + timedelta(hours=number % 12) for number in range(3, 15)}  # the newest is not the last
    for number, hour in hours.items():
        message = "disk full" if number == 10 else ""
        log_run(settings, f"run-{number:04}-x", hour, outcome="failed", message=message)
    old = {name: value for name, value in freshness_row("crm", "", "stale").items() if name != "contract"}
    write_summary(settings, freshness=[old, freshness_row("erp", "lines", "never")])
    lines = [(line[:12].strip(), line[12:]) for line in console.state_of(settings, []).splitlines()]
    newest = [11, 10, 9, 8, 7, 6, 5, 4, 3, 14]
    failed = [f"as of 2025-03-31, live run-{n:04}{': disk full' if n == 10 else ''}" for n in newest]
    assert lines == [
        ("served", "nothing yet"),
        ("stale", "crm: newest export 2023-08-31; stale: its exports (2023-08-31)"),
        ("never", "awaiting a first export: erp"),
        *(("failed", text) for text in failed),
    ]


def test_the_served_run_is_told_by_its_file_and_a_missing_file_is_said(settings: Settings) -> None:
    log_run(settings, RUN)
    write_summary(settings)
    assert f"served      {settings.served_file}: missing" in console.state_of(settings, [])
    serve(settings, RUN)
    assert "served      as of 2025-03-31, run run-0001\n" in console.state_of(settings, [])


def test_why_a_run_is_not_served_is_its_message_or_its_outcome(settings: Settings) -> None:
    log_run(settings, "z", FINISHED, outcome="failed", message="disk full")
    assert console.reason(settings) == "disk full"
    log_run(settings, "a", FINISHED + timedelta(days=1), outcome="blocked")
    assert console.reason(settings) == "blocked"
