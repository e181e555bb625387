"""What must not be served is not served: the whole job, stopped at each place where it can be stopped."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from conftest import Built

from pipelines.cli import main
from pipelines.demo import AS_OF, write_unmapped_stage
from pipelines.errors import AlmanacError
from pipelines.home import runs, state, warehouse
from pipelines.home.settings import load_settings
from pipelines.orchestration.execute import run_job
from pipelines.serving import status

IMPOSSIBLE = """
table: {table}
expectations:
  - expectation: expect_table_row_count_to_equal
    value: 1000000007
    severity: {severity}
    because: A test wants this gate to {verb}.
"""
FORECASTS = """
tier: naive
series:
  - {metric: revenue, levels: [total], freq: MS, horizon: 3}
history: {min_periods: 12, min_seasons: 2}
backtest: {origins: 3}
hierarchy: []
tiers:
  naive: {models: [seasonal_naive], guardrail: [seasonal_naive]}
"""


@dataclass
class Company:
    """A built home with a policy folder that a test may fill."""

    built: Built
    config: Path

    def run(self, kind: str = "live") -> bool:
        settings = load_settings(self.built.settings.home, config=self.config, is_switch=True)
        return run_job(settings, AS_OF, {"kind": kind}, lambda _: None)

    def suite(self, gate: str, table: str, severity: str = "critical") -> None:
        verb = "fail" if severity == "critical" else "warn"
        folder = self.config / "expectations" / gate
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "impossible.yml").write_text(IMPOSSIBLE.format(table=table, severity=severity, verb=verb))

    def last_run(self) -> dict:
        with duckdb.connect(str(self.built.settings.published / "status.duckdb"), read_only=True) as connection:
            return connection.execute("from quality.runs order by finished_at desc limit 1").pl().to_dicts()[0]


def admit(home: Path, file: Path) -> None:
    """Let a demo home read a file that the generator did not list."""
    manifest = home / "demo_manifest.json"
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace("{", f'{{"{content}": "{content}", ', 1))


@pytest.fixture(scope="module")
def shared(copied: Callable[[], Built]) -> Built:
    """One copy for all: a run that is stopped changes nothing that is served, and parsing SQL anew takes long."""
    built = copied()
    (built.settings.home / "scenarios.yml").unlink()  # its scenarios shock bookings, which these tests do not forecast
    return built


@pytest.fixture
def company(shared: Built, tmp_path: Path) -> Company:
    (tmp_path / "forecasts.yml").write_text(FORECASTS)
    return Company(shared, tmp_path)


@pytest.mark.parametrize(
    ("gate", "table"),
    [
        ("raw", "raw.opportunities"),
        pytest.param("clean", "resolved.customer_map", marks=pytest.mark.slow),
        pytest.param("marts", "marts.revenue", marks=pytest.mark.slow),
        pytest.param("forecast", "forecast.values", marks=pytest.mark.slow),
    ],
)
def test_a_critical_failure_at_a_gate_leaves_the_served_file_alone(company: Company, gate: str, table: str) -> None:
    before = company.built.served.read_bytes()
    company.suite(gate, table)
    assert not company.run()
    assert company.built.served.read_bytes() == before
    last = company.last_run()
    assert (last["outcome"], last["failed_gate"]) == ("blocked", gate)
    assert "A test wants this gate to fail" in last["message"] or table.split(".")[1] in last["message"]


@pytest.mark.slow
def test_a_failing_outlook_test_leaves_the_served_file_alone(company: Company) -> None:
    before = company.built.served.read_bytes()
    models = company.config / "models" / "outlook"
    models.mkdir(parents=True)
    (models / "missing_target.sql").write_text("select null::varchar as unique_id from {{ ref('target_gap') }}\n")
    (models / "missing_target.yml").write_text(
        "models:\n  - {name: missing_target, columns: [{name: unique_id, data_tests: [not_null]}]}\n"
    )
    assert not company.run()
    assert company.built.served.read_bytes() == before
    last = company.last_run()
    assert last["outcome"] == "failed"
    assert "missing_target" in last["message"]


@pytest.mark.slow
def test_a_warning_is_shown_and_blocks_nothing_and_one_rejected_file_does_not_stop_the_others(company: Company) -> None:
    company.suite("marts", "marts.revenue", severity="warning")
    rejected = write_unmapped_stage(company.built.settings.home)
    admit(company.built.settings.home, rejected)
    assert company.run()
    assert company.last_run()["outcome"] == "published"
    with duckdb.connect(str(company.built.settings.published / "status.duckdb"), read_only=True) as connection:
        files = dict(connection.execute("select path, status from quality.files where status != 'loaded'").fetchall())
        warned = connection.execute(
            "select count(*) from quality.results where outcome = 'failed' and severity = 'warning' "
            "and because like 'A test wants%'"
        ).fetchall()
    assert list(files) == [rejected.relative_to(company.built.settings.inbox).as_posix()]
    assert warned == [(1,)]


@pytest.mark.slow
def test_a_backfill_adds_to_the_ledger_and_leaves_the_served_file_alone(company: Company) -> None:
    before = company.built.served.read_bytes()
    events = state.read(company.built.settings, "customer_ids").height
    assert company.run(kind="backfill")
    assert company.built.served.read_bytes() == before
    ledger = state.read(company.built.settings, "forecast_values")
    assert set(ledger["run_kind"]) == {"live", "backfill"}
    assert state.read(company.built.settings, "customer_ids").height == events
    assert company.last_run()["outcome"] == "backfilled"


def test_a_run_for_a_past_day_is_a_backfill_by_itself(built: Built) -> None:
    past = AS_OF.replace(day=1)
    assert runs.start(built.settings, "any", past).run_kind == "backfill"
    assert runs.start(built.settings, "any", AS_OF).run_kind == "live"


def test_a_revision_never_serves_the_past(built: Built) -> None:
    with pytest.raises(AlmanacError, match="would serve the past"):
        runs.start(built.settings, "any", AS_OF.replace(day=1), kind="revision")


def test_a_rebuild_that_is_stopped_does_not_forget_what_is_served(shared: Built) -> None:
    served = runs.served(shared.settings)
    status.write_status(shared.settings, served.run_id, outcome="blocked", message="a rebuild was stopped")
    assert runs.served(shared.settings) == served


def test_a_second_run_is_refused_while_the_first_owns_the_home(
    built: Built, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["almanac", "--home", str(built.settings.home), "ingest"])
    with warehouse.run_lock(built.settings, owner="the first"), pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    message = capsys.readouterr().err
    assert "another run has the lock" in message
    assert "the first" in message
    assert len(message.strip().splitlines()) == 1
