-- One row per weekly pack of sales and operations and thing it puts on the table: demand beside capacity by product line
-- and month, items that are short, and decisions that are open.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('supply_rules') }}),

{{ weekly_packs() }},

capacity as (select * from {{ ref('demand_vs_capacity') }}),

final as (
    select
        demand.pack,
        demand.as_of,
        demand.is_newest,
        'demand' as section,
        demand.product_line as subject,
        demand.period_start,
        demand.quantity,
        capacity.capacity_quantity,
        if(capacity.capacity_quantity is null, null, greatest(demand.quantity - capacity.capacity_quantity, 0)) as gap_quantity,
        null as due_on,
        null as owner_name,
        case when gap_quantity > 0 then 'short' when gap_quantity = 0 then 'enough' end as status_code,
        null as note,
    from demand
    left join capacity using (product_line, period_start)
    where demand.quantity is not null
    union all
    -- stock is that of as_of: packs of the past do not tell it
    select
        packs.pack,
        packs.as_of,
        packs.is_newest,
        'material',
        needs.item,
        date_trunc('month', packs.as_of + 1),
        needs.expected_quantity,
        needs.stock_quantity,
        needs.reorder_quantity,
        coalesce(needs.order_by_on, needs.next_due_on),
        null,
        if(needs.is_short, 'short', 'to_order'),
        needs.item_name,
    from {{ ref('material_needs') }} as needs
    inner join packs on packs.is_newest
    where needs.is_short or needs.reorder_quantity > 0
    union all
    select
        packs.pack,
        packs.as_of,
        packs.is_newest,
        'decision',
        decisions.decision_id,
        decisions.decided_on,
        null,
        null,
        null,
        decisions.due_on,
        decisions.owner,
        case
            when decisions.closed_on <= packs.as_of then 'closed'
            when decisions.due_on < packs.as_of then 'overdue'
            when decisions.decided_on > packs.as_of - 7 then 'new'
            else 'carried_over'
        end,
        concat_ws(': ', decisions.subject, decisions.decision),
    from {{ ref('sop_decisions') }} as decisions
    inner join packs
        on decisions.decided_on <= packs.as_of and packs.as_of - 7 < coalesce(decisions.closed_on, packs.as_of)
)

select
    final.* replace (
        cast(final.period_start as date) as period_start,
        cast(final.due_on as date) as due_on,
        cast(final.owner_name as varchar) as owner_name,
        cast(final.note as varchar) as note
    ),
from final
cross join run
where final.as_of <= run.as_of
