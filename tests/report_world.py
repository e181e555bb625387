"""A published file made by hand, small enough to check every number of a page by eye."""

from pathlib import Path

import duckdb

# Bookings of three months, a forecast of two, a target of the first; the second run raised the forecast by 10.
TABLES = """
create schema control; create schema marts; create schema forecast; create schema outlook;
create table control.published as select 'run-two' as run_id, 'live' as run_kind, date '2026-03-31' as as_of,
    timestamp '2026-04-01 06:00' as published_at, 'EUR' as base_currency, 'UTC' as timezone;
create table marts.series_history as
    select 'bookings|total||MS' as unique_id, 'bookings' as metric, 'total' as level, '' as member, 'MS' as freq, *
    from (values (date '2026-01-01', 1001.0), (date '2026-02-01', 1102.0), (date '2026-03-01', 1203.0)) as t (ds, y);
insert into marts.series_history
    select 'bookings|region|<North>|MS', 'bookings', 'region', '<North>', 'MS', ds, y - 400 from marts.series_history;
create table forecast.series as select 'bookings|total||MS' as unique_id, 'bookings' as metric, 'total' as level,
    '' as member, 'MS' as freq;
create table forecast.values as
    select 'bookings|total||MS' as unique_id, 'live' as run_kind, true as is_served, 'base' as scenario, * from (values
        (date '2026-02-28', date '2026-04-01', 2, 1290.0), (date '2026-03-31', date '2026-04-01', 1, 1300.0),
        (date '2026-03-31', date '2026-05-01', 2, 1400.0)) as t (as_of, period_start, horizon, yhat);
insert into forecast.values select * replace ('slump' as scenario, yhat - 777 as yhat) from forecast.values;
create table forecast.latest as select * exclude (as_of), yhat - 111 as lo_80, yhat + 222 as hi_80,
    yhat - 333 as lo_95, yhat + 444 as hi_95 from forecast.values where as_of = date '2026-03-31';
create table marts.targets as select 't1' as target_id, 'bookings' as metric, 'total' as level, '' as member,
    'month' as period, date '2026-04-01' as period_start, 2600.0 as amount_base, true as is_current;
create table outlook.target_gap as select 't1' as target_id, 'bookings' as metric, 'total' as level, 'month' as period,
    date '2026-04-01' as period_start, date '2026-04-30' as period_end, date '2026-03-31' as as_of,
    2600.0 as target_amount, 0.0 as closed_amount, 1300.0 as expected_amount, 1189.0 as forecast_rest_low_80,
    1522.0 as forecast_rest_high_80, 0.5 as expected_attainment, -1300.0 as gap, 'possible' as outlook;
create table outlook.variance_bridge as
    select 'bookings' as metric, 'total' as level, 'MS' as freq, date '2026-03-01' as period_start,
        'backtest' as basis, 1 as lag, 1000.0 as yhat, 1203.0 as actual, * from (values
        ('new', 303.0, 4), ('lost', -100.0, 2)) as t (reason, effect, deal_count);
create table outlook.alerts as select 'warning' as severity, 'target_shortfall' as kind,
    date '2026-04-30' as happened_on, 'half of <the> target' as message, 0.5 as value, 0.9 as threshold;
"""


def published(folder: Path, *more: str) -> Path:
    """The file with these tables, after further statements that take something away or add to it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "almanac.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in (TABLES, *more):
            connection.execute(statement)
    return path


STATUS = """
create schema quality;
create table quality.results as select * from (values
    ('run-two', 'marts', 'critical', 'marts', 'revenue', 'amount_base', 'It''s money.', '3 of 7 rows',
        'failed', 3, '[null]'),
    ('run-two', 'marts', 'warning', 'marts', 'revenue', 'invoiced_on', 'A day.', '0 of 7 rows', 'passed', 0, null),
    ('run-one', 'marts', 'warning', 'marts', 'revenue', 'invoiced_on', 'A day.', '1 of 7 rows', 'failed', 1, null)
) as t (run_id, gate, severity, schema_name, table_name, column_name, because, observed, outcome, unexpected_count,
    unexpected_examples);
create table quality.quarantine as select 'sap' as source_system, 'orders' as object, 'bad_date' as reason_code,
    'ordered_on' as column_name from range(2);
"""


def status_file(folder: Path) -> Path:
    """A status file of two runs."""
    path = folder / "status.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(STATUS)
    return path
