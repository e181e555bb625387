-- One row per period (month, quarter, any), its first day, level (total, team, rep), member and forecast category: open deals
-- by the period in which they are expected to close, and what has been won in the period so far. `any` is all that is open.
with

run as (select * from {{ source('control', 'run') }}),

categories as (select * from {{ ref('forecast_categories') }}),

units as (select unnest(['month', 'quarter']) as period),

deals as (
    select
        deals.*,
        categorised.category_code,
        categorised.is_by_stage,
        case when deals.is_open then deals.expected_close_on else deals.closed_on end as falls_on,
    from {{ ref('opportunities') }} as deals
    inner join {{ ref('int_deal_categories') }} as categorised using (opportunity_id)
),

-- Won deals of a period that has ended are history: sales of it are in rep_performance and win_rate.
placed as (
    select
        units.period,
        cast(date_trunc(units.period, deals.falls_on) as date) as period_start,
        deals.category_code,
        deals.is_by_stage,
        coalesce(deals.rep_id, 'unmapped') as rep,
        deals.team,
        deals.amount_base,
    from deals
    cross join units
    cross join run
    where
        deals.falls_on is not null
        and (deals.is_open or deals.falls_on >= date_trunc(units.period, run.as_of))
    union all
    select
        'any',
        cast(date_trunc('month', run.as_of) as date),
        deals.category_code,
        deals.is_by_stage,
        coalesce(deals.rep_id, 'unmapped'),
        deals.team,
        deals.amount_base,
    from deals
    cross join run
    where deals.is_open
),

level_deals as (
    select 'total' as level, '' as member, * from placed
    union all
    select 'team', team, * from placed
    union all
    select 'rep', rep, * from placed
),

summed as (
    select
        level_deals.period,
        level_deals.period_start,
        level_deals.level,
        level_deals.member,
        level_deals.category_code,
        coalesce(categories.category_order, 8) as category_order,
        count(*) as deal_count,
        count(*) filter (where level_deals.is_by_stage) as by_stage_count,
        count(*) filter (where level_deals.amount_base is null) as without_amount_count,
        sum(level_deals.amount_base) as amount_base,
    from level_deals
    left join categories using (category_code)
    group by all
),

-- Deals that are omitted or of an unknown category count in no cumulative amount.
final as (
    select
        summed.period,
        summed.period_start,
        summed.period <> 'any' and summed.period_start < date_trunc(replace(summed.period, 'any', 'month'), run.as_of)
            as is_overdue,
        summed.level,
        summed.member,
        summed.category_code,
        cast(summed.category_order as bigint) as category_order,
        summed.deal_count,
        summed.by_stage_count,
        summed.without_amount_count,
        cast(coalesce(summed.amount_base, 0) as decimal(18, 4)) as amount_base,
        cast(
            case
                when summed.category_code not in ('omitted', 'unmapped')
                    then coalesce(sum(summed.amount_base) over (
                        partition by summed.period, summed.period_start, summed.level, summed.member
                        order by summed.category_order
                    ), 0)
            end as decimal(18, 4)
        ) as cumulative_amount_base,
    from summed
    cross join run
)

select * from final
