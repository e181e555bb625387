-- One row per member of a dimension: what its new deals bring, and how many are created. One with too few wins, which says
-- nothing of its own, stands with the figures of all deals.
with

rules as (
    select {{ rule('min_probability_deals') }} as min_deals from {{ ref('process_rules') }}
),

segments as (
    select
        level,
        member,
        count(*) filter (where is_won_recently) as won_count,
        avg(amount_base) filter (where is_won_recently) as average_won_amount_base,
        median(sales_cycle_days) filter (where is_won_recently) as median_cycle_days,
        count(*) filter (where created_on > as_of - 365) / 365 as usual_creations_per_day,
    from {{ ref('int_new_deals') }}
    group by level, member
),

final as (
    select
        own.level,
        own.member,
        own.won_count >= rules.min_deals as is_own_segment,
        if(is_own_segment, own.level, total.level) as judged_level,
        if(is_own_segment, own.member, total.member) as judged_member,
        if(is_own_segment, own.won_count, total.won_count) as won_count,
        cast(if(is_own_segment, own.average_won_amount_base, total.average_won_amount_base) as double)
            as average_won_amount_base,
        if(is_own_segment, own.median_cycle_days, total.median_cycle_days) as median_cycle_days,
        own.usual_creations_per_day,
    from segments as own
    cross join rules
    inner join segments as total on total.level = 'total'
)

select * from final
