-- One row per KPI, dimension member, period and version of the plan: target, actual, attainment and pace.
with

run as (select * from {{ source('control', 'run') }}),

kpis as (select * from {{ ref('kpis') }}),

actuals as (select * from {{ ref('kpi_values') }}),

calendar as (select * from {{ ref('calendar') }}),

targets as (select * from {{ ref('int_period_targets') }}),

working_days as (
    select
        periods.period_start,
        periods.period_end,
        count(*) filter (where calendar.is_working_day and calendar.is_past)
        / nullif(count(*) filter (where calendar.is_working_day), 0) as elapsed_share,
    from (select distinct period_start, period_end from targets) as periods
    inner join calendar on calendar.day between periods.period_start and periods.period_end
    group by all
),

known_members as (select distinct kpi, dimension, member from actuals),

final as (
    select
        targets.* exclude (target_value, basis),
        targets.basis,
        replace(kpis.unit, 'base currency', run.base_currency) as unit,
        targets.target_value,
        -- nothing happened is 0 for what adds up; a member or a KPI that nobody knows has no actual
        coalesce(
            actuals.value,
            if(kpis.kind = 'amount' and known_members.kpi is not null and targets.period_start <= run.as_of, 0, null)
        ) as actual_value,
        actuals.n,
        actual_value / nullif(targets.target_value, 0) as attainment,
        working_days.elapsed_share,
        if(kpis.kind = 'amount', attainment / nullif(working_days.elapsed_share, 0), null) as pace,
        targets.period_end + cast(kpis.settles_after_days as integer) <= run.as_of
        and if(kpis.kpi is null, null, coalesce({{ covers('coverage', 'targets', 'run.as_of') }}, false)) as is_complete,
        if(kpis.direction = 'down', actual_value <= targets.target_value, actual_value >= targets.target_value) as is_reached,
    from targets
    cross join run
    left join kpis on targets.kpi = kpis.kpi
    left join {{ ref('int_covered_kpis') }} as coverage on targets.kpi = coverage.kpi
    left join working_days
        on targets.period_start = working_days.period_start and targets.period_end = working_days.period_end
    left join known_members
        on targets.kpi = known_members.kpi
        and targets.dimension = known_members.dimension
        and targets.member = known_members.member
    left join actuals
        on targets.kpi = actuals.kpi
        and targets.dimension = actuals.dimension
        and targets.member = actuals.member
        and targets.period = actuals.period
        and targets.period_start = actuals.period_start
)

select * from final
