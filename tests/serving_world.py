"""A served file made by hand, with the few tables that its readers ask for: a whole run would take seconds."""

from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.serving.status import RUN_COLUMNS

FINISHED = datetime(2025, 4, 1, 6)
# Five records of three customers, four of two deals, two lines of revenue, forecasts of two series, one of them naive.
TABLES = """
create schema control; create schema marts; create schema forecast;
create table control.published as select '{run_id}' as run_id, 'live' as run_kind, date '2025-03-31' as as_of,
    null::timestamp as known_at, timestamp '2025-04-01 06:00' as published_at,
    timestamp '2025-03-31 20:00' as started_at, '' as reason, 'p' as policy;
create table marts.customer_crosswalk as
    select 'crm' as source_system, n::varchar as source_id, n // 2 as customer_id from range(5) as t (n);
create table marts.customer_reviews as select 'grey' as kind, '' as reason, '' as source_system_l, '' as source_id_l,
    '' as source_system_r, '' as source_id_r;
create table marts.opportunity_crosswalk as select n // 2 as opportunity_id from range(4) as t (n);
create table marts.revenue as select * from (values (date '2025-01-05', 1000.25), (date '2025-03-20', 500.5))
    as t (invoiced_on, amount_base);
create table marts.quotes as select 1 as quote_id limit 0;
create view marts.offers as from marts.quotes;
create table marts.period_completeness as select * from (values
    ('revenue', 'month', 'waiting', 'lines of March are awaited', 'erp', 'lines', date '2025-03-01'),
    ('bookings', 'month', 'waiting', 'lines of March are awaited', 'erp', 'lines', date '2025-03-01'),
    ('bookings', 'week', 'waiting', 'a week', 'erp', 'lines', date '2025-03-01')
) as t (metric, period, status, waits_for, source_system, contract, period_start);
create table forecast.latest as select * from (values
    ('a', date '2025-04-01', null, 'base'), ('a', date '2025-05-01', null, 'base'),
    ('b', date '2025-04-01', 'short', 'base'), ('b', date '2025-06-01', 'short', 'slump')
) as t (unique_id, period_start, fallback_reason, scenario);
create table control.tables as select * from (values ('marts', 'quotes', 0, null), ('marts', 'revenue', 2, null),
    ('marts', 'offers', 0, 'marts.quotes')) as t (schema_name, table_name, row_count, renamed_to);
"""


def serve(settings: Settings, run_id: str = "r1") -> Path:
    """Put the file in its place, for the run of 2025-03-31."""
    settings.published.mkdir(parents=True, exist_ok=True)
    settings.served_file.unlink(missing_ok=True)
    with duckdb.connect(str(settings.served_file)) as connection:
        connection.execute(TABLES.format(run_id=run_id))
    return settings.served_file


def held(path: Path) -> duckdb.DuckDBPyConnection:
    """A reader beside the one under test, as a BI tool is: DuckDB refuses who would then open the file for writing."""
    return duckdb.connect(str(path), read_only=True)


def log_run(settings: Settings, run_id: str, finished_at: datetime = FINISHED, **known: object) -> None:
    """An entry in the log of runs."""
    row = {"run_kind": "live", "as_of": date(2025, 3, 31), "message": "", "outcome": "published", **known}
    entry = {"run_id": run_id, "started_at": finished_at, "finished_at": finished_at, **row}
    state.append(settings, "runs", run_id, pl.DataFrame([entry], schema=RUN_COLUMNS))
