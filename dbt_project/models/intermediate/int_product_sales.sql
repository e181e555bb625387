-- One row per level, member, product and day with a line of revenue: pieces and revenue.
with

product_days as (
    select
        invoiced_on,
        coalesce(region, 'unmapped') as region,
        coalesce(product_line, 'unmapped') as product_line,
        coalesce(product_id, 'unmapped') as product_id,
        -- A price needs both: pieces count only where their revenue is known, revenue only where the pieces are.
        coalesce(sum(quantity) filter (where amount_base is not null), 0) as quantity,
        coalesce(sum(amount_base) filter (where quantity is not null), 0) as amount_base,
        coalesce(sum(amount_base) filter (where quantity is null), 0) as unquantified_base,
    from {{ ref('int_revenue_lines') }}
    where invoiced_on is not null -- a line without a day belongs to no period
    group by all
),

final as (
    select 'total' as level, '' as member, * exclude (region, product_line) from product_days
    {% for level in ['region', 'product_line'] %}
        union all
        select '{{ level }}', {{ level }}, * exclude (region, product_line) from product_days
    {% endfor %}
)

select
    level,
    member,
    product_id,
    invoiced_on,
    cast(sum(quantity) as decimal(38, 4)) as quantity,
    cast(sum(amount_base) as decimal(18, 4)) as amount_base,
    cast(sum(unquantified_base) as decimal(18, 4)) as unquantified_base,
from final
group by all
