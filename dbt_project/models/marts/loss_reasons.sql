-- One row per dimension member, period and reason: how many deals were lost for it, and its share of the member's losses.
with

lost_deals as (
    select
        *,
        coalesce(nullif(trim(loss_reason), ''), 'not_given') as reason,
    from {{ ref('opportunities') }}
    where is_lost
),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period in ('quarter', 'last_12_months', 'all_time')
),

members as (
    select * from {{ ref('int_opportunity_members') }}
    union all by name
    select * from {{ ref('int_deal_segments') }}
    union all by name
    select
        opportunity_id,
        'stage' as level,
        coalesce(last_open_stage_code, 'unknown') as member,
    from lost_deals
),

counted as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        lost_deals.reason,
        count(*) as lost_count,
        coalesce(sum(lost_deals.amount_base), 0) as lost_amount_base,
    from lost_deals
    inner join members using (opportunity_id)
    inner join periods on lost_deals.closed_on between periods.period_start and periods.period_end
    group by all
),

final as (
    select
        counted.* exclude (lost_amount_base),
        cast(lost_amount_base as decimal(18, 4)) as lost_amount_base,
        cast(sum(lost_count) over of_member as bigint) as member_lost_count,
        lost_count / sum(lost_count) over of_member as lost_share,
    from counted
    window of_member as (partition by level, member, period, period_start)
)

select * from final
