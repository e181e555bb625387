"""What a gate leaves behind: its results in the working file and in state, and a report that says whether to go on."""

from datetime import date
from pathlib import Path

import pytest
from gate_homes import REVENUE, execute, home, result, start, suite

from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import state, warehouse
from pipelines.home.settings import Settings

RULE = """
table: marts.revenue
key: [line]
expectations:
  - expectation: unexpected_rows_expectation
    unexpected_rows_query: "{query}"
    severity: {severity}
    because: The test asks for it.
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home whose only suites are those a test writes."""
    monkeypatch.setattr("pipelines.home.settings.SHIPPED_SUITES", tmp_path / "nothing is shipped")
    settings = home(tmp_path)
    execute(settings, REVENUE)
    return settings


def rule(settings: Settings, query: str, severity: str = "critical", gate: str = "marts") -> None:
    suite(settings, gate, RULE.format(query=query, severity=severity))


def kept(settings: Settings) -> list[tuple]:
    with warehouse.read(settings) as connection:
        return connection.execute("select run_id, gate, outcome from quality.results order by all").fetchall()


@pytest.mark.parametrize(
    ("query", "severity", "passed", "outcome"),
    [
        ("select line from {batch} where false", "critical", True, "passed"),
        ("select line from {batch}", "critical", False, "failed"),
        ("select line from {batch}", "warning", True, "failed"),
        ("select nothing from {batch}", "critical", False, "error"),
        ("select nothing from {batch}", "warning", True, "error"),
    ],
)
def test_only_a_critical_rule_that_does_not_hold_or_cannot_be_checked_stops_the_run(
    small: Settings, query: str, severity: str, passed: bool, outcome: str
) -> None:
    rule(small, query, severity)
    report = gates.run_gate(small, start(small), "marts")
    assert report.passed is passed
    assert [result.outcome for result in report.results] == [outcome]
    assert len(report.warnings) == (severity == "warning" and outcome != "passed")
    assert ("1 block" in report.summary) is not passed
    assert kept(small) == [("r1", "marts", outcome)]


def test_a_gate_held_again_replaces_what_it_found_before_and_leaves_other_runs_alone(small: Settings) -> None:
    rule(small, "select line from {batch}")
    for run_id in ("r1", "r2"):
        gates.run_gate(small, start(small, run_id), "marts")
    rule(small, "select line from {batch} where false")
    gates.run_gate(small, start(small, "r2"), "marts")
    assert kept(small) == [("r1", "marts", "failed"), ("r2", "marts", "passed")]
    assert sorted(state.read(small, "quality")["outcome"]) == ["failed", "passed"]


def test_results_of_earlier_runs_outlive_the_working_file(small: Settings) -> None:
    run = start(small)
    gates.keep(small, run, "raw", [result("raw", "failed")])
    warehouse.discard(small)
    later = start(small, "r2", as_of=date(2025, 4, 7))
    gates.keep(small, later, "raw", [result("raw")])
    assert kept(small) == [("r1", "raw", "failed"), ("r2", "raw", "passed")]


def test_a_mistake_in_the_suite_of_a_later_gate_is_told_at_the_first(small: Settings) -> None:
    suite(small, "forecast", "{table: forecast.values, expectations: [{expectation: expect_wonders, severity: warning, "
          "because: We hope for it.}]}")  # fmt: skip
    with pytest.raises(AlmanacError, match=r"forecast/own\.yml: entry 1 \(expect_wonders\)"):
        gates.run_gate(small, start(small), "raw")


def test_there_are_four_gates_and_no_other(small: Settings) -> None:
    with pytest.raises(AlmanacError, match="raw, clean, marts, forecast"):
        gates.run_gate(small, start(small), "outlook")


def test_gates_know_their_tables_before_anything_runs(small: Settings) -> None:
    suite(small, "raw", "{table: raw.*, expectations: []}")
    rule(small, "select line from {batch}")
    known = ["raw.orders", "raw.accounts", "marts.orders"]
    assert gates.gate_tables(small, known) == {
        "raw": ["raw.accounts", "raw.orders"],
        "clean": [],
        "marts": ["marts.revenue"],
        "forecast": [],
    }
