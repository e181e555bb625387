-- One row per strategy, KPI and member that it looks at: the newest settled period, its place among members, the year before.
with

newest as (
    select * from {{ ref('kpi_values') }}
    where is_complete
    qualify period_start = max(period_start) over (partition by kpi, dimension, period)
),

totals as (
    select * from newest
    where dimension = 'total'
),

placed as (
    select
        newest.*,
        kpis.kind,
        if(kpis.direction is null, null, rank() over (
            partition by newest.kpi, newest.dimension, newest.period
            order by if(kpis.direction = 'down', newest.value, -newest.value)
        )) as member_rank,
        count(*) over (partition by newest.kpi, newest.dimension, newest.period) as member_count,
    from newest
    inner join {{ ref('kpis') }} as kpis on newest.kpi = kpis.kpi
    where newest.member <> 'unmapped'
),

final as (
    select
        strategies.strategy,
        placed.kpi,
        placed.dimension,
        placed.member,
        placed.period,
        placed.period_start,
        placed.value,
        placed.n,
        placed.unit,
        placed.member_rank,
        placed.member_count,
        -- negative members make a share that is none
        if(placed.kind = 'amount' and placed.value >= 0, placed.value / nullif(totals.value, 0), null) as share_of_total,
        placed.value_year_before,
        placed.value / nullif(placed.value_year_before, 0) - 1 as relative_change,
        placed.is_better,
    from {{ ref('strategies') }} as strategies
    inner join placed
        on
        strategies.kpi = placed.kpi
        and strategies.dimension = placed.dimension
        and strategies.period = placed.period
        and (nullif(trim(strategies.member), '') is null or {{ same_word('strategies.member', 'placed.member') }})
    left join totals
        on placed.kpi = totals.kpi and placed.period = totals.period and placed.period_start = totals.period_start
)

select * from final
