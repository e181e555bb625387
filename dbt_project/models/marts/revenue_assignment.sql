-- One row per reason why revenue is, or is not, in customer_360.revenue_total: the rows add up to the table revenue.
with assigned as (
    select
        case
            when lines.customer_id is null then 'without_customer'
            when lines.invoiced_on is null then 'without_day'
            when lines.invoiced_on > run.as_of then 'after_as_of'
            when customers.customer_id is null then 'customer_not_served'
            else 'in_customer_360'
        end as assignment_code,
        lines.amount_base,
        lines.account_source_id,
    from {{ ref('revenue') }} as lines
    cross join {{ source('control', 'run') }} as run
    left join {{ ref('customer_360') }} as customers on lines.customer_id = customers.customer_id
)

select
    assignment_code,
    count(*) as line_count,
    count(*) filter (where account_source_id is null) as line_without_account_count,
    cast(coalesce(sum(amount_base), 0) as decimal(18, 4)) as amount_base,
    count(*) filter (where amount_base is null) as line_without_amount_count,
from assigned
group by assignment_code
