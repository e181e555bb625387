-- One row per customer and product it has never bought that buyers of its products buy more often than others do.
with

rules as (
    select
        {{ rule('min_support') }} as min_support, {{ rule('min_lift') }} as min_lift,
        {{ rule('compared_products') }} as compared_products, {{ rule('offers_per_customer') }} as offers_per_customer,
    from {{ ref('customer_rules') }}
),

all_bought as (
    select customer_id, product_id, from {{ ref('int_revenue_lines') }}
    where customer_id is not null and product_id is not null and invoiced_on <= (select as_of from {{ source('control', 'run') }})
    group by all
    having sum(amount_base) > 0
),

-- Numbers stand for customers and products from here on: a hundred million rows of ids would not fit into memory.
buyers as materialized (  -- numbered once
    select customer_id, cast(row_number() over () as uinteger) as buyer, from all_bought
    group by customer_id
),

-- An assortment of thousands would make millions of pairs: only what most customers buy is compared.
products as (
    select
        all_bought.product_id, count(*) as customer_count,
        cast(row_number() over (order by customer_count desc, all_bought.product_id) as uinteger) as product,
    from all_bought
    cross join rules
    group by all_bought.product_id, rules.compared_products
    qualify product <= rules.compared_products
),

bought as (
    select buyers.buyer, products.product, from all_bought
    inner join buyers using (customer_id)
    inner join products using (product_id)
),

pairs as (
    select has.product as bought_product, also.product, count(*) as support_count, from bought as has
    inner join bought as also on has.buyer = also.buyer and has.product <> also.product
    group by all
),

product_rules as (
    select
        pairs.*, also.product_id, has.product_id as bought_product_id, has.customer_count as bought_count,
        pairs.support_count / totals.buyer_count as support_rate,
        pairs.support_count / has.customer_count as confidence_rate,
        also.customer_count / totals.buyer_count as base_rate_of_product,
        pairs.support_count / has.customer_count / (also.customer_count / totals.buyer_count) as relative_lift,
        -- The surest first: an order of rules, told once, need not be sorted for every customer.
        cast(row_number() over (
            order by confidence_rate desc, relative_lift desc, also.product_id, support_count desc, has.product_id
        ) as uinteger) as rule_rank,
    from pairs
    inner join products as has on pairs.bought_product = has.product
    inner join products as also on pairs.product = also.product
    cross join (select count(*) as buyer_count from buyers) as totals
    cross join rules
    where pairs.support_count >= rules.min_support and relative_lift >= rules.min_lift
),

-- Of several products that point to the same one the surest counts; what a customer has bought is the surest of all.
pointed_at as (
    select buyer, product, min(rule_rank) as rule_rank, from (
        select bought.buyer, product_rules.product, product_rules.rule_rank, from bought
        inner join product_rules on bought.product = product_rules.bought_product
        union all
        select buyer, product, cast(0 as uinteger) as rule_rank, from bought
    )
    group by all
),

candidates as (
    select pointed_at.buyer, pointed_at.rule_rank, from pointed_at
    cross join rules
    where pointed_at.rule_rank > 0
    qualify row_number() over (partition by pointed_at.buyer order by pointed_at.rule_rank) <= rules.offers_per_customer
),

final as (
    select
        buyers.customer_id, offers.product_id,
        names.product_name, names.product_line, owners.rep_id, owners.rep_name,
        offers.bought_product_id, bought_names.product_name as bought_product_name,
        offers.support_count, offers.support_rate, offers.bought_count, offers.confidence_rate,
        {{ wilson('offers.support_count', 'offers.bought_count', -1) }} as confidence_low_95,
        offers.base_rate_of_product as product_rate, offers.relative_lift,
    from candidates inner join buyers on candidates.buyer = buyers.buyer
    inner join product_rules as offers on candidates.rule_rank = offers.rule_rank
    left join {{ ref('int_products') }} as names on offers.product_id = names.product_id
    left join {{ ref('int_products') }} as bought_names on offers.bought_product_id = bought_names.product_id
    left join {{ ref('int_customer_owners') }} as owners on buyers.customer_id = owners.customer_id
)

select * from final
