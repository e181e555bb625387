-- One row per customer and promise of contact: the day until which the next contact is due.
--
-- An open deal asks for any contact within some days, a tier for its contacts per week, month or quarter. Customers of whom
-- no system tells contacts are not here: nobody can say when they were last spoken to.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        max(days) filter (where due_code = 'deal_contact') as deal_days,
        max(days) filter (where due_code = 'tier_contact') as grace_days,
    from {{ ref('due_rules') }}
),

customers as (
    select
        customers.customer_id,
        customers.created_on,
        customers.open_opportunity_count,
        tiers.tier,
        -- Two contacts a month are one every fifteen days.
        cast(floor(
            case tiers.contact_period when 'week' then 7 when 'month' then 30 when 'quarter' then 91 end
            / tiers.min_contacts_per_period
        ) as bigint) as tier_days,
        coalesce(tiers.is_deep_contact_required, false) as needs_deep,
        coverage.silent_system_count > 0 as is_told_in_part,
    from {{ ref('customer_360') }} as customers
    inner join {{ ref('int_contact_coverage') }} as coverage
        on customers.customer_id = coverage.customer_id and coverage.telling_system_count > 0
    left join {{ ref('tiers') }} as tiers on customers.tier = tiers.tier
),

contacts as (
    select
        activities.customer_id,
        max(activities.occurred_on) as last_contact_on,
        max(activities.occurred_on) filter (where activities.is_deep_contact) as last_deep_contact_on,
    from {{ ref('int_activities') }} as activities
    inner join {{ ref('activity_kinds') }} as kinds using (activity_code)
    where kinds.is_contact and activities.customer_id is not null
    group by activities.customer_id
),

promises as (
    select
        'deal_contact' as due_code,
        customers.*,
        rules.deal_days as allowed_days,
        contacts.last_contact_on,
    from customers
    cross join rules
    left join contacts using (customer_id)
    where customers.open_opportunity_count > 0
    union all
    select
        'tier_contact',
        customers.*,
        customers.tier_days + rules.grace_days,
        if(customers.needs_deep, contacts.last_deep_contact_on, contacts.last_contact_on),
    from customers
    cross join rules
    left join contacts using (customer_id)
),

final as (
    select
        due_code,
        customer_id,
        tier,
        last_contact_on,
        -- Whom nobody ever contacted has waited since the account was made; with no such day, it is due at once.
        least(coalesce(last_contact_on, created_on) + cast(allowed_days as integer), run.as_of) as due_on,
        is_told_in_part,
    from promises
    cross join run
    where
        allowed_days is not null
        and coalesce(coalesce(last_contact_on, created_on) + cast(allowed_days as integer) <= run.as_of, true)
)

select * from final
