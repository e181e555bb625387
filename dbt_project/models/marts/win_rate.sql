-- One row per dimension member and period of closing: the share of closed deals that were won.
with

closed_deals as (
    select * from {{ ref('opportunities') }}
    where is_won or is_lost
),

members as (
    select * from {{ ref('int_opportunity_members') }}
    union all by name
    select * from {{ ref('int_deal_segments') }}
),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

counted as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        count(*) as closed_count,
        count(*) filter (where closed_deals.is_won) as won_count,
        count(*) filter (where closed_deals.is_lost) as lost_count,
        coalesce(sum(closed_deals.amount_base) filter (where closed_deals.is_won), 0) as won_amount_base,
        coalesce(sum(closed_deals.amount_base) filter (where closed_deals.is_lost), 0) as lost_amount_base,
    from closed_deals
    inner join members using (opportunity_id)
    inner join periods on closed_deals.closed_on between periods.period_start and periods.period_end
    group by all
),

final as (
    select
        level,
        member,
        period,
        period_start,
        closed_count,
        won_count,
        lost_count,
        won_count / closed_count as win_rate,
        {{ wilson('won_count', 'closed_count', -1) }} as win_rate_low_95,
        {{ wilson('won_count', 'closed_count', 1) }} as win_rate_high_95,
        cast(won_amount_base as decimal(18, 4)) as won_amount_base,
        cast(lost_amount_base as decimal(18, 4)) as lost_amount_base,
        -- 1 where systems empty the amount of lost deals; use the rate by count then.
        cast(won_amount_base as double) / nullif(won_amount_base + lost_amount_base, 0) as win_rate_by_amount,
        closed_count >= 30 as is_enough,
    from counted
)

select * from final
