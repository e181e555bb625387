"""Small homes for the tests of gates, publishing and status: a working file with a few hand-made tables."""

from datetime import date, datetime
from pathlib import Path

from expectations.results import CheckResult
from pipelines.gates import gates
from pipelines.home import warehouse
from pipelines.home.company import Company
from pipelines.home.runs import Run
from pipelines.home.settings import Settings

STARTED = datetime(2025, 3, 31, 20)


def home(tmp_path: Path, **company: str) -> Settings:
    """Settings of a home below tmp_path with a `config` folder of its own, so that shipped suites can be replaced."""
    for name in ("sources", "config/expectations"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    return Settings(
        home=tmp_path / "home",
        inbox=tmp_path / "home" / "inbox",
        sources=tmp_path / "sources",
        config=tmp_path / "config",
        company=Company(timezone="UTC", **company),
    )


def start(settings: Settings, run_id: str = "r1", kind: str = "live", as_of: date = date(2025, 3, 31)) -> Run:
    """A run that owns the working file."""
    started_at = datetime.combine(as_of, STARTED.time())
    run = Run(run_id, kind, as_of, settings.end_of_day(as_of), None, started_at)  # type: ignore[arg-type]
    warehouse.record_run(settings, run)
    return run


def execute(settings: Settings, *statements: str) -> None:
    """Run SQL on the working file."""
    with warehouse.write(settings) as connection:
        for statement in statements:
            connection.execute(statement)


def pass_gates(settings: Settings, run: Run) -> None:
    """Record that every gate was held and passed."""
    for gate in gates.GATES:
        gates.keep(settings, run, gate, [result(gate)])


def result(gate: str, outcome: str = "passed", severity: str = "critical") -> CheckResult:
    """A check of `marts.revenue` with the outcome asked for."""
    return CheckResult(
        gate=gate,
        suite="hand_made",
        schema="marts",
        table="revenue",
        expectation="expect_column_values_to_not_be_null",
        column="amount_base",
        kwargs='{"column": "amount_base"}',
        severity=severity,  # type: ignore[arg-type]
        because="A line without an amount is missing from every total.",
        outcome=outcome,  # type: ignore[arg-type]
        exception="no such column" if outcome == "error" else None,
    )


def suite(settings: Settings, gate: str, text: str, name: str = "own") -> None:
    """Write a suite of the company's own."""
    assert settings.config
    folder = settings.config / "expectations" / gate
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")


REVENUE = """
create schema if not exists marts;
create or replace table marts.revenue as
select i as line, 'C' || i % 3 as customer_id, cast(i * 10 as decimal(18, 4)) as amount_base from range(1, 11) as t(i);
comment on table marts.revenue is 'One row per invoice line; it''s net of tax.';
comment on column marts.revenue.amount_base is 'Amount in base currency.';
"""
