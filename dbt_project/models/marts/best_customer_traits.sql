-- One row per trait of customers: how much commoner it is among the best buyers than among all buyers.
with

rules as (
    select
        {{ rule('best_share') }} as best_share,
        {{ rule('min_members') }} as min_members,
    from {{ ref('customer_rules') }}
),

channels as (
    select customer_id, mode(channel order by created_on) as channel, from {{ ref('opportunities') }}
    where is_won and channel is not null
    group by customer_id
),

lines as (
    select customer_id, arg_max(product_line, amount_base) as product_line, from (
        select customer_id, product_line, sum(amount_base) as amount_base, from {{ ref('int_revenue_lines') }}
        where product_line is not null
        group by all
    )
    group by customer_id
),

buyers as (
    select
        purchases.customer_id,
        cume_dist() over (order by purchases.recent_revenue_base desc) <= rules.best_share as is_best,
        unnest(['industry', 'region', 'country', 'strategic', 'channel', 'product_line']) as trait,
        unnest([
            customers.industry_code, customers.region, customers.country,
            if(customers.is_strategic, 'strategic', 'not_strategic'), channels.channel, lines.product_line
        ]) as member,
        purchases.recent_revenue_base,
    from {{ ref('customer_purchases') }} as purchases
    inner join {{ ref('customer_360') }} as customers using (customer_id)
    left join channels using (customer_id)
    left join lines using (customer_id)
    cross join rules
),

counted as (
    select
        trait,
        member,
        count(*) as buyer_count,
        count(*) filter (where is_best) as best_count,
        sum(recent_revenue_base) as recent_revenue_base,
        sum(count(*)) over (partition by trait) as all_count,
        sum(count(*) filter (where is_best)) over (partition by trait) as all_best_count,
    from buyers
    where member is not null
    group by trait, member
),

final as (
    select
        counted.trait,
        counted.member,
        counted.buyer_count,
        counted.best_count,
        counted.best_count / counted.buyer_count as best_rate,
        {{ wilson('counted.best_count', 'counted.buyer_count', -1) }} as best_rate_low_95,
        {{ wilson('counted.best_count', 'counted.buyer_count', 1) }} as best_rate_high_95,
        cast(counted.all_best_count / counted.all_count as double) as all_best_rate,
        counted.best_count / counted.buyer_count / nullif(counted.all_best_count / counted.all_count, 0) as relative_lift,
        cast(counted.recent_revenue_base as decimal(18, 4)) as recent_revenue_base,
        case
            when counted.buyer_count < rules.min_members then 'too_few'
            when best_rate_low_95 > all_best_rate then 'commoner'
            when best_rate_high_95 < all_best_rate then 'rarer'
            else 'like_all'
        end as standing_code,
    from counted
    cross join rules
)

select * from final
