-- One row per real deal and further level that its outcome is compared by; int_opportunity_members has the company's own.
with

deals as (select * from {{ ref('opportunities') }}),

discounts as (
    select
        opportunity_id,
        max(discount_share) as discount_share,
    from {{ ref('quotes') }}
    where is_newest and opportunity_id is not null and discount_share is not null
    group by opportunity_id
),

-- An as-of join would put an empty value into the highest band.
numbers as (
    select deals.opportunity_id, 'company_size' as level, cast(customers.employees as double) as value
    from deals
    inner join {{ ref('customer_360') }} as customers using (customer_id)
    where customers.employees is not null
    union all
    select opportunity_id, 'amount_band', cast(amount_base as double)
    from deals
    where amount_base is not null
    union all
    -- Contacts per month, as a long deal has more of them whatever becomes of it; none where its age is unknown.
    select
        deals.opportunity_id,
        'contacts_per_month',
        deals.activity_count * 30 / greatest(coalesce(deals.sales_cycle_days, deals.age_days), 30)
    from deals
    where deals.is_contact_exported and coalesce(deals.sales_cycle_days, deals.age_days) is not null
),

banded as (
    select
        numbers.opportunity_id,
        numbers.level,
        bands.band_code as member,
    from numbers
    asof inner join {{ ref('value_bands') }} as bands
        on numbers.level = bands.level and numbers.value > bands.value_above
    union all
    select
        discounts.opportunity_id,
        'discount_band',
        bands.band_code
    from discounts
    asof inner join {{ ref('discount_bands') }} as bands on discounts.discount_share > bands.discount_above
    union all
    -- The tier before the deal began: what it brought in would lift the customer into a better one.
    select
        deals.opportunity_id,
        'tier',
        history.tier
    from deals
    inner join {{ ref('customer_tier_history') }} as history
        on deals.customer_id = history.customer_id
        and last_day(deals.created_on - interval 1 month) = history.month_end
),

named as (
    select deals.opportunity_id, 'industry' as level, customers.industry_code as member
    from deals
    inner join {{ ref('customer_360') }} as customers using (customer_id)
    union all
    select opportunity_id, 'product', coalesce(product_name, 'unmapped')
    from deals
    union all
    select opportunity_id, 'source_system', source_system
    from deals
    union all
    select opportunity_id, 'region_product_line', region || '|' || product_line
    from deals
    union all
    select opportunity_id, 'deal_type_product_line', deal_type || '|' || product_line
    from deals
    union all
    select opportunity_id, 'competitor', coalesce(competitor_name, 'none_named')
    from deals
),

levels as (select unnest(['company_size', 'amount_band', 'contacts_per_month', 'discount_band', 'tier']) as level),

final as (
    select * from named
    union all
    select
        deals.opportunity_id,
        levels.level,
        -- A deal that was lost before it was offered has no discount: that is not the same as list price.
        coalesce(
            banded.member,
            if(levels.level = 'discount_band' and steps.tells_quotes and steps.first_quoted_on is null, 'not_quoted', null),
            'unknown'
        ) as member,
    from deals
    cross join levels
    left join banded using (opportunity_id, level)
    left join {{ ref('int_deal_steps') }} as steps using (opportunity_id)
)

select * from final
