-- One row per product line and month for which a capacity is planned: what can be made, what was or will be asked for.
with

run as (select * from {{ source('control', 'run') }}),

-- A quarter's capacity counts in equal parts in its months; a week's in the month it begins in.
capacity_months as (
    select
        capacity.product_line,
        cast(date_trunc('month', capacity.period_start) + to_months(cast(part as integer)) as date) as period_start,
        sum(capacity.quantity / if(words.period = 'quarter', 3, 1)) as capacity_quantity,
        string_agg(distinct capacity.plant, ', ' order by capacity.plant) as plants,
    from {{ ref('stg_capacity') }} as capacity
    inner join {{ ref('period_words') }} as words on lower(trim(capacity.period)) = words.word
    cross join lateral (select unnest(range(if(words.period = 'quarter', 3, 1))) as part)
    where capacity.product_line is not null and words.period <> 'year'
    group by all
),

sold as (
    select
        product_line,
        cast(date_trunc('month', invoiced_on) as date) as period_start,
        cast(sum(quantity) as double) as quantity,
    from {{ ref('revenue') }}
    group by all
),

usual as (
    select revenue.product_line, cast(sum(revenue.quantity) as double) / 12 as quantity
    from {{ ref('revenue') }} as revenue
    cross join run
    where revenue.invoiced_on > run.as_of - interval 1 year
    group by all
),

coming as (
    select
        product_line,
        period_start,
        any_value(basis) as basis,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        cast(sum(cast(expected_quantity as decimal(30, 12))) as double) as quantity,
        cast(sum(cast(lo_80 as decimal(30, 12))) as double) as lo_80,
        cast(sum(cast(hi_80 as decimal(30, 12))) as double) as hi_80,
    from {{ ref('quantity_outlook') }}
    group by all
),

final as (
    select
        capacity.product_line,
        capacity.period_start,
        capacity.plants,
        cast(capacity.capacity_quantity as double) as capacity_quantity,
        if(capacity.period_start > run.as_of, coming.basis, 'invoiced') as demand_basis,
        if(capacity.period_start > run.as_of, coming.quantity, coalesce(sold.quantity, 0)) as demand_quantity,
        if(capacity.period_start > run.as_of, coming.lo_80, null) as demand_lo_80,
        if(capacity.period_start > run.as_of, coming.hi_80, null) as demand_hi_80,
        usual.quantity as usual_quantity,
        demand_quantity / nullif(capacity.capacity_quantity, 0) as relative_load,
        usual_quantity / nullif(capacity.capacity_quantity, 0) as relative_usual_load,
        {{ not_below_zero('demand_quantity - capacity.capacity_quantity') }} as shortfall_quantity,
        {{ not_below_zero('demand_hi_80 - capacity.capacity_quantity') }} as shortfall_at_hi_80,
        demand_quantity > capacity.capacity_quantity as is_short,
    from capacity_months as capacity
    cross join run
    left join sold on capacity.product_line = sold.product_line and capacity.period_start = sold.period_start
    left join coming on capacity.product_line = coming.product_line and capacity.period_start = coming.period_start
    left join usual on capacity.product_line = usual.product_line
)

select * from final
