-- One row per KPI that has facts: the month with which they begin, and the day up to which exports cover them.
with

facts as (
    select kpi, min(month_start) as covered_from, from {{ ref('int_monthly_kpis') }}
    group by kpi
),

final as (
    select
        facts.kpi,
        facts.covered_from,
        coverage.covered_to,
    from facts
    left join {{ ref('kpi_coverage') }} using (kpi)
    left join {{ ref('int_metric_coverage') }} as coverage using (metric)
)

select * from final
