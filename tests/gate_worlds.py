"""A hand-made company that passes every shipped suite: three account records of two customers, two deals, two invoices.

Each gate's statements make the tables it looks at; a later gate also reads those of the gates before it.
"""

from gate_homes import execute

from forecasts.output import schemas
from pipelines.contracts import canonical_objects
from pipelines.home import warehouse
from pipelines.home.settings import Settings

LINEAGE = (
    "source_system varchar, source_id varchar, exported_at timestamp, landed_at timestamp, _file_id varchar, "
    "_record bigint, _row_hash varchar"
)

RAW = """
create or replace table control.systems as
select * from (values ('crm', 'CRM', 10, 7, true), ('erp', 'ERP', 20, 7, false))
    as t(source_system, title, priority, cadence_days, required);

create or replace table control.objects as
select * from (values ('crm', 'accounts', 'accounts', 7), ('crm', 'opportunities', 'opportunities', 7),
    ('crm', 'leads', 'leads', 7), ('erp', 'exchange_rates', 'exchange_rates', 7))
    as t(source_system, contract, object, cadence_days);

create or replace table control.files as
select *, timestamp '2025-03-31' as exported_at, timestamp '2025-03-31 10:00' as landed_at, 'full' as extract
from (values
    ('f1', 'crm', 'accounts', 'accounts', 'crm/accounts.csv', 'loaded', null, 4, 3, 0, 1),
    ('f2', 'crm', 'opportunities', 'opportunities', 'crm/deals.csv', 'loaded', null, 41, 39, 1, 1),
    ('f3', 'erp', 'exchange_rates', 'exchange_rates', 'erp/rates.csv', 'loaded', null, 2, 2, 0, 0)
) as t(file_id, source_system, object, contract, path, status, reason, rows_in, rows_loaded, rows_quarantined,
       rows_control);

create schema if not exists quality;
create or replace table quality.quarantine as
select 'f2' as file_id, 'crm' as source_system, 'opportunities' as object, 'bad_amount' as reason_code;

insert into raw.accounts by name
select 'crm' as source_system, 'A' || i as source_id, 'f1' as _file_id, i as _record, 'Company ' || i as account_name,
    timestamp '2025-03-31' as exported_at, timestamp '2025-03-31 10:00' as landed_at, md5(i::varchar) as _row_hash
from range(1, 4) as t(i);

insert into raw.opportunities by name
select 'crm' as source_system, 'D' || i as source_id, 'f2' as _file_id, i as _record, 1000 * i as amount,
    'CNY' as currency,
    timestamp '2025-03-31' as exported_at, timestamp '2025-03-31 10:00' as landed_at, md5(i::varchar) as _row_hash
from range(1, 40) as t(i);

insert into raw.exchange_rates by name
select 'erp' as source_system, 'USD' || i as source_id, 'f3' as _file_id, i as _record, 7 + i as rate,
    timestamp '2025-03-31' as exported_at, timestamp '2025-03-31 10:00' as landed_at, md5(i::varchar) as _row_hash
from range(1, 3) as t(i);
"""

CLEAN = """
create schema if not exists staging;
create schema if not exists matching;
create or replace table staging.stg_account_records as
select * from (values ('crm', 'A1'), ('crm', 'A2'), ('erp', '1')) as t(source_system, source_id);
create or replace table resolved.customer_map as
select * from (values ('crm', 'A1', 'C1'), ('crm', 'A2', 'C2'), ('erp', '1', 'C1'))
    as t(source_system, source_id, customer_id);
create or replace table matching.mtc_records as
select * from (values (1, 'crm', 'A1', 'T1', true), (2, 'crm', 'A2', 'T2', true), (3, 'erp', '1', 'T2', false))
    as t(record_no, source_system, source_id, tax_id_key, is_tax_id_valid);
create or replace table matching.mtc_certain_links as
select 1 as record_no_l, 2 as record_no_r, false as is_same, 'override' as rule;
create or replace table matching.mtc_pairs as
select 1 as record_no_l, 3 as record_no_r, 2.5::decimal(9, 3) as name_bits, -0.5::decimal(9, 3) as prior_bits,
    0::decimal(9, 3) as guard_bits, 2::decimal(9, 3) as score_bits;
create or replace table staging.stg_opportunities as
select * from (values
    ('crm', 'D1', 0.4, 1000, date '2025-01-05', date '2025-02-05'),
    ('crm', 'D2', 1.0, 2000, date '2025-01-06', null)
) as t(source_system, source_id, probability, amount, created_on, closed_on);
create or replace table staging.stg_invoices as
select 'erp' as source_system, 'I1' as source_id, 'I1' as invoice_id, 300::decimal(18, 4) as amount_net,
    false as is_cancelled, timestamp '2025-03-31' as exported_at;
create or replace table staging.stg_invoice_lines as
select *, false as is_cancelled
from (values
    ('erp', 'I1|1', 'I1', 100, 13, 113, date '2025-02-10'), ('erp', 'I1|2', 'I1', 200, 26, 226, date '2025-02-10')
) as t(source_system, source_id, invoice_id, amount_net, amount_tax, amount_gross, invoiced_on);
create or replace table staging.stg_orders as
select * exclude (invoice_id), invoice_id as order_id from staging.stg_invoices;
create or replace table staging.stg_order_lines as
select * exclude (invoice_id, invoiced_on), invoice_id as order_id, invoiced_on as ordered_on
from staging.stg_invoice_lines;
"""

# Two regions that add up to the total, one year ahead of a year of history.
FORECAST = """
create schema if not exists marts;
create or replace table marts.series_history as
select 'revenue|' || level || '|' || member || '|MS' as unique_id, 'revenue' as metric, level, member, 'MS' as freq,
    cast(date '2024-04-01' + to_months(cast(i as integer)) as date) as ds, cast(y as double) as y
from (values ('total', '', 100), ('region', 'East', 60), ('region', 'West', 40)) as t(level, member, y),
    range(12) as r(i);

create or replace table forecast.series as
select unique_id, metric, level, member, freq, min(ds) as first_period, max(ds) as last_period, count(*) as n_periods,
    'regular' as segment, cast(null as varchar) as fallback_reason
from marts.series_history
group by all;

create or replace table forecast.values as
select 'r1' as run_id, 'live' as run_kind, date '2025-03-31' as as_of, timestamp '2025-03-31 20:00' as issued_at,
    series.unique_id, 'base' as scenario, model, cast(date '2025-03-01' + to_months(h) as date) as period_start,
    h as horizon, y as yhat, y - 20 as lo_95, y - 10 as lo_80, y + 10 as hi_80, y + 20 as hi_95,
    model = 'pool' as is_served, cast(null as varchar) as fallback_reason
from (select unique_id, max(y) as y from marts.series_history group by all) as series,
    (values ('pool'), ('naive')) as models(model), (select unnest(range(1, 13))::integer as h);

create or replace table forecast.latest as select * from forecast.values where is_served;

insert into forecast.deal_scores by name
select *, 1000 as entered_base, 1000 * won_probability as expected_win_base from (values
    ('D1', 'proposal', 0.5, 0.3, 0.2), ('D2', 'lead', 0, 0.6, 0.4)
) as t(opportunity_id, stage_code, won_probability, lost_probability, open_probability);
insert into forecast.deal_periods by name
select opportunity_id, cast(date '2025-03-01' + to_months(h) as date) as period_start, h as horizon,
    won_probability / 2 as won_probability, lost_probability / 2 as lost_probability
from forecast.deal_scores, (select unnest([1, 2])::integer as h);
insert into forecast.pipeline by name
select 'bookings|' || level || '|' || member || '|MS' as unique_id, 'bookings' as metric, level, member, 'MS' as freq,
    cast(date '2025-03-01' + to_months(h) as date) as period_start, h as horizon, y * 0.2 as booked,
    y * 0.5 as existing, y * 0.3 as new, y as mean, y as yhat, y - 20 as lo_95, y - 10 as lo_80, y + 10 as hi_80,
    y + 20 as hi_95
from (values ('total', '', 100), ('region', 'East', 60), ('region', 'West', 40)) as t(level, member, y),
    (select unnest([1, 2])::integer as h);
"""

# One invoicing system with two lines, one that recognises orders, a deal record that stands for another.
MARTS = """
create schema if not exists marts;
create or replace table control.systems as
select * from (values ('erp', 'invoice'), ('shop', 'order')) as t(source_system, recognise);
insert into staging.stg_order_lines values ('shop', 'O9|1', 50, 5, 55, false, 'O9', date '2025-02-20');
create or replace table staging.stg_receipts as
select 'erp' as source_system, 'P1' as source_id, 300::decimal(18, 4) as amount;

create or replace table marts.revenue as
select
    source_system || '|' || source_id as revenue_id, 'line' as line_kind, recognised_from, 'C1' as customer_id,
    day as invoiced_on, 1e9::decimal(18, 4) as quantity, 'CNY' as currency, amount_net::decimal(18, 4) as amount_net,
    'amount_net' as amount_source, amount_net::decimal(18, 4) as amount_base, source_system, source_id
from (
    select 'invoice' as recognised_from, source_system, source_id, amount_net, invoiced_on as day
    from staging.stg_invoice_lines
    union all
    select 'order', source_system, source_id, amount_net, ordered_on from staging.stg_order_lines
    where source_system = 'shop'
);
create or replace table marts.orders as
select source_system || '|' || source_id as order_line_id, 'line' as line_kind, ordered_on, 'CNY' as currency,
    amount_net, amount_net::decimal(18, 4) as amount_base, source_system
from staging.stg_order_lines;
create or replace table marts.receipts as
select source_system || '|' || source_id as receipt_id, date '2025-03-01' as received_on, 'CNY' as currency, amount,
    amount as amount_base, source_system
from staging.stg_receipts;
create or replace table marts.record_lineage as
select 'revenue' as served_table, revenue_id as served_key from marts.revenue;

create or replace table marts.opportunity_crosswalk as
select * from (values ('D1', 'D1', true, 1000::decimal(18, 4)), ('D2', 'D1', false, 2000))
    as t(source_id, opportunity_id, is_counted, amount_base);
create or replace table marts.opportunities as
select opportunity_id, 'C1' as customer_id, 'CNY' as currency, amount_base as amount, amount_base,
    31 as sales_cycle_days
from marts.opportunity_crosswalk
where is_counted;
create or replace table marts.customer_360 as
select * from (values ('C1', 350::decimal(18, 4)), ('C2', 0)) as t(customer_id, revenue_total);
create or replace table marts.customer_crosswalk as select * from resolved.customer_map;

create or replace table marts.calendar as
select day, year(day) as fiscal_year, quarter(day) as fiscal_quarter, month(day) as fiscal_month
from (select unnest(generate_series(date '2023-01-01', date '2027-12-31', interval 1 day))::date as day);
create or replace table marts.series_history as
select 'revenue|' || level || '|' || member || '|MS' as unique_id, 'revenue' as metric, level, member, 'MS' as freq, ds,
    cast(y as double) as y
from (values ('total', '', 350, date '2025-02-01'), ('total', '', 0, date '2025-03-01'),
    ('region', 'East', 350, date '2025-02-01'), ('region', 'East', 0, date '2025-03-01')) as t(level, member, y, ds);

create or replace table marts.kpi_values as
select metric as kpi, level as dimension, member, 'month' as period, ds as period_start, y as value, 'CNY' as unit,
    true as is_complete
from marts.series_history;
insert into marts.kpi_values values ('win_rate', 'total', '', 'month', date '2025-02-01', 0.5, 'share', true);
create or replace table marts.targets as
select 'plan|T1' as target_id, 'revenue' as metric, date '2025-02-01' as period_start, true as is_current,
    'EUR' as currency, 300::decimal(18, 4) as amount, 2400::decimal(18, 4) as amount_base;
create or replace table marts.quotes as
select 'crm|Q1|1' as quote_version_id, 'EUR' as currency, date '2025-02-01' as quoted_on, 10 as amount,
    80 as amount_base;
create or replace table marts.contracts as
select 'crm|K1' as contract_id, 'EUR' as currency, date '2025-02-01' as signed_on, 10 as amount, 80 as amount_base;
create or replace table staging.stg_budgets as
select 'plan' as source_system, 'B1' as source_id, 'B1' as budget_id, 'EUR' as currency, 10 as amount,
    5 as amount_spent;
create or replace table marts.budget_vs_actual as
select 'plan|B1' as budget_id, date '2025-02-01' as period_start, 80 as budget_base, 40 as spent_base;
create or replace table staging.stg_forecast_submissions as
select 'crm' as source_system, 'S1' as source_id, 'EUR' as currency, date '2025-02-01' as period_start, 10 as amount;

create schema if not exists intermediate;
create or replace table intermediate.int_submissions as
select 'crm' as source_system, 'S1' as source_id, 80.0 as amount;
create or replace table intermediate.int_metric_coverage as
select 'revenue' as metric, date '2025-03-31' as covered_to;
create or replace table marts.period_completeness as
select metric, source_system, contract, contract as object, 'month' as period, period_start,
    last_day(period_start) as period_end, 'complete' as status, date '2025-03-31' as covered_to,
    cast(null as varchar) as ended_reason, cast(null as date) as expected_on, false as is_overdue, is_required,
    true as is_period_complete, cast(null as varchar) as waits_for
from (values ('revenue', 'erp', 'invoice_lines', true), ('revenue', 'shop', 'order_lines', false),
    ('receipts', 'erp', 'receipts', true)) as t(metric, source_system, contract, is_required),
    (values (date '2025-02-01'), (date '2025-03-01')) as months(period_start);
"""


def raw(settings: Settings) -> None:
    """What ingestion leaves behind: every raw table, most of them empty."""
    tables = []
    for name, declared in canonical_objects().items():
        columns = ", ".join(f"{warehouse.quoted(column)} {item.sql_type}" for column, item in declared.columns.items())
        tables.append(f"create or replace table raw.{name} ({columns}, {LINEAGE})")
    execute(settings, *tables, RAW)


def clean(settings: Settings) -> None:
    """What staging, matching and resolving leave behind."""
    execute(settings, CLEAN)


def forecast(settings: Settings) -> None:
    """What the forecast stage leaves behind."""
    deals = {
        "deal_scores": schemas.DEAL_SCORES,
        "deal_periods": schemas.DEAL_PERIODS,
        "pipeline": schemas.PIPELINE,
    }
    with warehouse.write(settings) as connection:
        for name, declared in deals.items():
            warehouse.replace_table(connection, "forecast", name, schemas.empty(declared))
    execute(settings, FORECAST)


def marts(settings: Settings) -> None:
    """What the marts leave behind, over the staging tables they were made of."""
    clean(settings)
    execute(settings, MARTS)


def emptied(settings: Settings, keep: set[str]) -> list[str]:
    """A statement for every table but those to keep, to empty it."""
    with warehouse.read(settings) as connection:
        query = "select schema_name || '.' || table_name from duckdb_tables() order by all"
        names = [name for (name,) in connection.execute(query).fetchall()]
    return [f"delete from {name}" for name in names if name not in keep]
