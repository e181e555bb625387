-- One row per dimension member and period: what discounts were quoted, and how many of those over the limit were approved.
with

quotes as (select * from {{ ref('quotes') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

members as (
    select quote_version_id, 'total' as level, '' as member from quotes
    union all
    select quote_version_id, 'discount_band', discount_band_code from quotes
    union all
    select quotes.quote_version_id, members.level, members.member
    from quotes
    inner join {{ ref('int_opportunity_members') }} as members using (opportunity_id)
    where members.level in ('region', 'team', 'rep', 'product_line', 'deal_type')
),

counted as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        count(*) as version_count,
        count(distinct quotes.opportunity_id) as quoted_deal_count,
        sum(quotes.amount_base) filter (where quotes.is_newest and quotes.list_base is not null) as newest_base,
        sum(quotes.list_base) filter (where quotes.is_newest and quotes.list_base is not null) as newest_list_base,
        count(*) filter (where quotes.needed_approval_count > 0) as over_limit_count,
        count(*) filter (where quotes.is_below_floor) as below_floor_count,
        count(*) filter (where quotes.approval_code = 'approved') as approved_count,
        count(*) filter (where quotes.approval_code = 'refused') as refused_count,
        count(*) filter (where quotes.approval_code = 'pending') as pending_count,
        count(*) filter (where quotes.approval_code in ('missing', 'incomplete')) as missing_count,
    from quotes
    inner join members using (quote_version_id)
    inner join periods on quotes.quoted_on between periods.period_start and periods.period_end
    group by all
),

final as (
    select
        counted.* exclude (newest_base, newest_list_base),
        cast(newest_list_base as decimal(18, 4)) as newest_list_base,
        1 - cast(newest_base as double) / nullif(newest_list_base, 0) as relative_discount,
        (over_limit_count - approved_count - pending_count) / nullif(over_limit_count, 0) as breach_rate,
        {{ wilson('(over_limit_count - approved_count - pending_count)', 'over_limit_count', -1) }} as breach_low_95,
        {{ wilson('(over_limit_count - approved_count - pending_count)', 'over_limit_count', 1) }} as breach_high_95,
    from counted
)

select * from final
