-- One row per dimension member, period of closing and outcome: how many days deals took from creation to closing.
with

deals as (select * from {{ ref('opportunities') }}),

members as (
    select * from {{ ref('int_opportunity_members') }}
    union all by name
    select * from {{ ref('int_deal_segments') }}
),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

-- Won deals only would leave out slow deals that are lost in the end; both are served.
cycles as (
    select opportunity_id, closed_on, sales_cycle_days, 'won' as outcome
    from deals
    where is_won and sales_cycle_days is not null
    union all
    select opportunity_id, closed_on, sales_cycle_days, 'closed' as outcome
    from deals
    where (is_won or is_lost) and sales_cycle_days is not null
),

measured as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        cycles.outcome,
        count(*) as closed_count,
        avg(cycles.sales_cycle_days) as mean_days,
        median(cycles.sales_cycle_days) as median_days,
        quantile_cont(cycles.sales_cycle_days, 0.9) as p90_days,
    from cycles
    inner join members using (opportunity_id)
    inner join periods on cycles.closed_on between periods.period_start and periods.period_end
    group by all
),

survival as (select * from {{ ref('int_cycle_survival') }}),

final as (
    select
        measured.*,
        -- Open deals are censored observations, so that slower deals show before they close.
        case when measured.period = 'all_time' and measured.outcome = 'closed' then survival.median_days end
            as median_days_with_open_deals,
        measured.closed_count >= 30 as is_enough,
    from measured
    left join survival using (level, member)
)

select * from final
