-- One row per metric and source object that has contributed to it: up to which day its exports cover it.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select * from {{ ref('completeness_rules') }}),

-- What a metric is made of: the invoices of a system, or its orders; headers and lines where it sends both.
made_of as (
    select
        metrics.metric,
        objects.*,
    from (
        values
        ('invoice', 'invoices'), ('invoice', 'invoice_lines'), ('order', 'orders'), ('order', 'order_lines')
    ) as objects (recognised_from, object)
    cross join (select unnest(['revenue', 'quantity', 'margin', 'new_customers']) as metric) as metrics
),

metric_objects as (
    select distinct
        made_of.metric,
        lines.source_system,
        made_of.object,
    from {{ ref('int_revenue_lines') }} as lines
    inner join made_of using (recognised_from)
    union all
    select distinct
        unnest(['bookings', 'opportunity_inflow']),
        source_system,
        'opportunities',
    from {{ ref('int_opportunities') }}
    union all
    select distinct
        'receipts',
        source_system,
        'receipts',
    from {{ ref('receipts') }}
),

-- An export holds what had happened by its day where the system stands; a file without a day is as old as its landing.
exports as (
    select
        files.source_system,
        files.contract,
        files.object,
        min(cast(coalesce(files.exported_at, files.landed_at) at time zone 'UTC' at time zone systems.timezone as date))
            as first_exported_on,
        least(
            max(
                cast(coalesce(files.exported_at, files.landed_at) at time zone 'UTC' at time zone systems.timezone as date)
            ),
            any_value(run.as_of)
        ) as last_exported_on,
    from {{ ref('stg_export_files') }} as files
    inner join {{ source('control', 'systems') }} as systems using (source_system)
    cross join run
    where files.status = 'loaded' and files.is_complete_set
    group by all
),

covered as (
    select
        metric_objects.metric,
        exports.*,
        objects.cadence_days,
        systems.required as is_required,
        ended.ended_on,
        max(exports.last_exported_on) over (partition by metric_objects.metric) as newest_exported_on,
    from metric_objects
    inner join exports using (source_system, object)
    inner join {{ source('control', 'objects') }} as objects using (source_system, contract)
    inner join {{ source('control', 'systems') }} as systems using (source_system)
    left join {{ ref('ended_sources') }} as ended using (source_system, contract)
),

final as (
    select
        covered.metric,
        covered.source_system,
        covered.contract,
        covered.object,
        covered.cadence_days,
        covered.is_required,
        covered.first_exported_on,
        covered.last_exported_on,
        covered.last_exported_on + cast(covered.cadence_days as integer) as expected_on,
        -- Silence ends a source only while others go on: if all are silent, all are late.
        case
            when covered.ended_on <= run.as_of then 'configured'
            when
                covered.last_exported_on + cast(rules.value * covered.cadence_days as integer)
                < covered.newest_exported_on
                then 'silence'
        end as ended_reason,
    from covered
    cross join run
    cross join rules
    where rules.rule = 'silent_cadences'
)

select * from final
