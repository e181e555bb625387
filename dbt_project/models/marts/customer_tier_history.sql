-- One row per customer and month end: the tier that it had by what was known then, and how it got there.
with

measured as (select * from {{ ref('int_customer_months') }}),

tiers as (select list(each order by each.tier_order) as in_order, from {{ ref('tiers') }} as each),

-- Looked up in a list: a row per month and tier, put in order, takes three times the memory.
found as (
    select
        measured.*,
        list_filter(tiers.in_order, lambda one: {{ reached_tier('measured', 'one') }} is not null)[1] as reached_tier,
    from measured
    cross join tiers
),

reached as (
    select *, reached_tier.tier, reached_tier.tier_order, {{ reached_tier('found', 'reached_tier') }} as reached_by,
    from found
    where reached_tier is not null
),

final as (
    select
        customer_id,
        month_end,
        tier,
        reached_by as tier_reason,
        tier_basis,
        cast(amount_12m as decimal(18, 4)) as amount_12m,
        cast(activity_count_90d as bigint) as activity_count_90d,
        lag(tier) over customer_months as previous_tier,
        case
            when lag(tier_order) over customer_months is null and known_on > last_day(month_end - interval 1 month) then 'new'
            when lag(tier_order) over customer_months is null then 'first_shown'
            when tier_order < lag(tier_order) over customer_months then 'up'
            when tier_order > lag(tier_order) over customer_months then 'down'
            else 'same'
        end as move_code,
        first_value(tier) over (customer_months rows between 12 preceding and 12 preceding) as tier_year_before,
    from reached
    window customer_months as (partition by customer_id order by month_end)
)

select * from final
