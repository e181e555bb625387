-- One row per period and movement of the open pipeline; opening + movements = closing.
with

movements as (select * from {{ ref('int_pipeline_movements') }}),

-- Movements before the first reported period count in it, or opening and closing would not agree.
periods as (
    select
        *,
        case when period_start > min(period_start) over (partition by period) then period_start else '0001-01-01' end
            as counted_from,
    from {{ ref('int_reporting_periods') }}
    where period in ('week', 'month', 'quarter')
),

moved as (
    select
        periods.period,
        periods.period_start,
        movements.movement,
        count(distinct movements.opportunity_id) as deal_count,
        sum(movements.amount_base) as amount_base,
        sum(movements.deal_change) as deal_change,
    from movements
    inner join periods on movements.moved_on between periods.counted_from and periods.period_end
    group by all
),

net_changes as (
    select
        periods.period,
        periods.period_start,
        coalesce(sum(moved.deal_change), 0) as deal_change,
        coalesce(sum(moved.amount_base), 0) as amount_change,
    from periods
    left join moved using (period, period_start)
    group by all
),

balances as (
    select
        period,
        period_start,
        deal_change,
        amount_change,
        sum(deal_change) over by_period as closing_deals,
        sum(amount_change) over by_period as closing_amount,
    from net_changes
    window by_period as (partition by period order by period_start)
),

final as (
    select
        period, period_start, 'opening' as movement, 0 as movement_order,
        closing_deals - deal_change as deal_count, closing_amount - amount_change as amount_base
    from balances
    union all by name
    select period, period_start, movement, 1 as movement_order, deal_count, amount_base
    from moved
    union all by name
    select
        period, period_start, 'closing' as movement, 2 as movement_order,
        closing_deals as deal_count, closing_amount as amount_base
    from balances
)

select
    period,
    period_start,
    movement,
    cast(movement_order as bigint) as movement_order,
    cast(deal_count as bigint) as deal_count,
    cast(amount_base as decimal(18, 4)) as amount_base,
from final
