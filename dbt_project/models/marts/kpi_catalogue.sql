-- One row per KPI of the catalogue: what it means, who answers for it, and how much of it there is.
with

run as (select * from {{ source('control', 'run') }}),

counted as (
    select
        kpi,
        count(*) as value_count,
        max(period_start) filter (where is_complete) as newest_period_start,
    from {{ ref('kpi_values') }}
    group by kpi
),

final as (
    select
        kpis.kpi,
        kpis.formula,
        replace(kpis.unit, 'base currency', run.base_currency) as unit,
        kpis.owner as owner_name,
        kpis.direction,
        kpis.timing,
        kpis.role,
        kpis.dimensions,
        kpis.period_kinds,
        kpis.settles_after_days,
        coalesce(counted.value_count, 0) as value_count,
        counted.newest_period_start,
    from {{ ref('kpis') }} as kpis
    cross join run
    left join counted using (kpi)
)

select * from final
