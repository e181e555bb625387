-- One row per customer: its tier by the seed tiers, and the condition that gave it.
--
-- Boundaries: A begins above its threshold, B at its own, so exactly 500,000 is B and exactly 100,000 is B. The first
-- tier of which any condition holds wins. Revenue comes before activity, so that a large customer without recent activity
-- stays A and is marked dormant, rather than falling to C once a quarter; a small one with frequent contact is B.
with

run as (select * from {{ source('control', 'run') }}),

sales as (select * from {{ ref('int_customer_sales') }}),

-- A company whose exports hold no invoice or order would have one tier for everybody: won deals are its money then.
bases as (
    select if(count(*) filter (where revenue_total is not null) > 0, 'revenue', 'won_amount') as tier_basis
    from sales
),

customers as (
    select
        customers.customer_id,
        coalesce(customers.is_strategic, false) as is_strategic,
        bases.tier_basis,
        coalesce(if(bases.tier_basis = 'revenue', sales.revenue_12m, deals.won_amount_12m), 0) as amount_12m,
        coalesce(contacts.activity_count_90d, 0) as activity_count_90d,
        coalesce(deals.open_opportunity_count, 0) as open_opportunity_count,
        greatest(
            contacts.last_activity_on,
            deals.last_deal_activity_on,
            if(customers.last_activity_on <= run.as_of, customers.last_activity_on, null)
        ) as last_contact_on,
        greatest(
            last_contact_on,
            deals.last_opportunity_on,
            deals.last_won_on,
            sales.last_invoiced_on,
            sales.last_ordered_on,
            sales.last_received_on
        ) as last_interaction_on,
        run.as_of,
    from {{ ref('int_customers') }} as customers
    cross join run
    cross join bases
    left join sales on customers.customer_id = sales.customer_id
    left join {{ ref('int_customer_contacts') }} as contacts on customers.customer_id = contacts.customer_id
    left join {{ ref('int_customer_deals') }} as deals on customers.customer_id = deals.customer_id
),

reached_tiers as (
    select
        customers.*,
        tiers.tier,
        tiers.tier_order,
        customers.open_opportunity_count = 0
        and coalesce(customers.last_interaction_on < customers.as_of - cast(tiers.dormant_after_days as integer), true)
            as is_dormant,
        {{ reached_tier('customers', 'tiers') }} as reached_by,
    from customers
    cross join {{ ref('tiers') }} as tiers
),

final as (
    select
        customer_id,
        tier,
        reached_by || if(is_dormant, '_dormant', '') as tier_reason,
        tier_basis,
        is_dormant,
        last_contact_on,
        last_interaction_on,
    from reached_tiers
    where reached_by is not null
    qualify row_number() over (partition by customer_id order by tier_order asc) = 1
)

select * from final
