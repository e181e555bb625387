-- One row per period and movement of the open pipeline; opening + movements = closing, with the part
-- that is known in hindsight only.
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

-- What no export had shown by the end of the period is known in hindsight, with the amount of its first export.
moved as (
    select
        periods.period,
        periods.period_start,
        movements.movement,
        count(distinct movements.opportunity_id) as deal_count,
        sum(movements.amount_base) as amount_base,
        sum(movements.deal_change) as deal_change,
        count(distinct movements.opportunity_id) filter (where movements.known_from > periods.period_end) as unseen_count,
        sum(movements.amount_base) filter (where movements.known_from > periods.period_end) as unseen_amount,
    from movements
    inner join periods on movements.moved_on between periods.counted_from and periods.period_end
    group by all
),

-- A movement is unseen from its day until the day from which its deal is known.
changes as (
    select moved_on as day, deal_change, amount_base, 0 as unseen_change, 0 as unseen_amount from movements
    union all
    select moved_on, 0, 0, deal_change, amount_base from movements
    where known_from > moved_on
    union all
    select known_from, 0, 0, -deal_change, -amount_base from movements
    where known_from > moved_on
),

net_changes as (
    select
        periods.period,
        periods.period_start,
        coalesce(sum(changes.deal_change), 0) as deal_change,
        coalesce(sum(changes.amount_base), 0) as amount_change,
        coalesce(sum(changes.unseen_change), 0) as unseen_change,
        coalesce(sum(changes.unseen_amount), 0) as unseen_amount_change,
    from periods
    left join changes on changes.day between periods.counted_from and periods.period_end
    group by all
),

balances as (
    select
        *,
        sum(deal_change) over by_period as closing_count,
        sum(amount_change) over by_period as closing_amount,
        sum(unseen_change) over by_period as closing_unseen_count,
        sum(unseen_amount_change) over by_period as closing_unseen_amount,
    from net_changes
    window by_period as (partition by period order by period_start)
),

rows_of_periods as (
    select
        period, period_start, 'opening' as movement, 0 as movement_order,
        closing_count - deal_change as deal_count, closing_amount - amount_change as amount_base,
        closing_unseen_count - unseen_change as unseen_count,
        closing_unseen_amount - unseen_amount_change as unseen_amount
    from balances
    union all by name
    select
        period, period_start, movement, 1 as movement_order, deal_count, amount_base, unseen_count, unseen_amount
    from moved
    union all by name
    select
        period, period_start, 'closing' as movement, 2 as movement_order, closing_count as deal_count,
        closing_amount as amount_base, closing_unseen_count as unseen_count, closing_unseen_amount as unseen_amount
    from balances
)

select
    period,
    period_start,
    movement,
    cast(movement_order as bigint) as movement_order,
    cast(deal_count as bigint) as deal_count,
    cast(amount_base as decimal(18, 4)) as amount_base,
    coalesce(unseen_count, 0) > 0 as is_reconstructed,
    cast(coalesce(unseen_count, 0) as bigint) as reconstructed_deal_count,
    cast(coalesce(unseen_amount, 0) as decimal(18, 4)) as reconstructed_amount_base,
from rows_of_periods
