-- One row per region and product line: revenue of twelve months and outcomes of deals, beside other regions.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        max(own.threshold) filter (where own.rule = 'strong_from') as strong_from,
        max(own.threshold) filter (where own.rule = 'weak_to') as weak_to,
        max(own.threshold) filter (where own.rule = 'fewest_customers') as fewest_customers,
        max(comparisons.false_discovery_rate) filter (where comparisons.comparison = 'region_product')
            as false_discovery_rate,
    from {{ ref('region_product_rules') }} as own
    cross join {{ ref('comparison_rules') }} as comparisons
),

sales as (
    select
        revenue.region,
        revenue.product_line,
        sum(revenue.amount_base) as revenue_base,
        count(distinct revenue.customer_id) filter (where revenue.amount_base > 0) as customer_count,
    from {{ ref('revenue') }} as revenue
    cross join run
    where revenue.invoiced_on > run.as_of - interval 1 year and revenue.invoiced_on <= run.as_of
    group by all
),

region_customers as (
    select revenue.region, count(distinct revenue.customer_id) as region_customer_count
    from {{ ref('revenue') }} as revenue
    cross join run
    where revenue.invoiced_on > run.as_of - interval 1 year and revenue.invoiced_on <= run.as_of
    group by revenue.region
),

outcomes as (
    select
        split_part(member, '|', 1) as region,
        split_part(member, '|', 2) as product_line,
        closed_count,
        won_count,
        sum(closed_count) over of_line as line_closed_count,
        sum(won_count) over of_line as line_won_count,
    from {{ ref('win_rate') }}
    where level = 'region_product_line' and period = 'all_time'
    window of_line as (partition by split_part(member, '|', 2))
),

regions as (
    select distinct region from sales
    where region <> 'unmapped'
),

lines as (
    select distinct product_line from sales
    where product_line <> 'unmapped'
),

-- A line that a region has never sold is a row too: it may be the one to bring there.
pairs as (
    select regions.region, lines.product_line
    from regions
    cross join lines
),

shares as (
    select
        pairs.region,
        pairs.product_line,
        coalesce(sales.revenue_base, 0) as revenue_base,
        coalesce(sales.customer_count, 0) as customer_count,
        sum(coalesce(sales.revenue_base, 0)) over (partition by pairs.region) as region_revenue_base,
        sum(coalesce(sales.revenue_base, 0)) over (partition by pairs.product_line) as line_revenue_base,
        sum(coalesce(sales.revenue_base, 0)) over () as all_revenue_base,
        cast(revenue_base as double) / nullif(region_revenue_base, 0) as revenue_share,
        cast(line_revenue_base - revenue_base as double) / nullif(all_revenue_base - region_revenue_base, 0)
            as share_elsewhere,
        revenue_share / nullif(share_elsewhere, 0) as relative_strength,
    from pairs
    left join sales using (region, product_line)
),

final as (
    select
        shares.*,
        region_customers.region_customer_count,
        outcomes.* exclude (region, product_line),
        case
            when shares.relative_strength is null or region_customers.region_customer_count < rules.fewest_customers
                then 'too_few'
            when shares.relative_strength >= rules.strong_from and shares.customer_count >= rules.fewest_customers
                then 'strong'
            when shares.relative_strength <= rules.weak_to then 'weak'
            else 'like_others'
        end as strength_code,
        case
            when outcomes.closed_count > 0
                then {{ fisher_probability(
                    'outcomes.won_count', 'outcomes.closed_count', 'outcomes.line_won_count', 'outcomes.line_closed_count'
                ) }}
        end as p_value,
        rules.false_discovery_rate,
    from shares
    cross join rules
    left join region_customers using (region)
    left join outcomes using (region, product_line)
)

select * from final
