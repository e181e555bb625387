-- One row per customer and period of its tier (week, month or quarter): contacts due, contacts had, and the verdict.
with

run as (select * from {{ source('control', 'run') }}),

tiers as (
    select * from {{ ref('tiers') }}
    where min_contacts_per_period is not null
),

rules as (select {{ rule('compliance_months') }} as months from {{ ref('customer_rules') }}),

periods as (
    {{ contact_periods('run', 'rules') }}
),

-- A period is judged by the tier that was known when it began.
due as (
    select
        history.customer_id,
        tiers.*,
        periods.period_start,
        periods.period_end,
    from {{ ref('customer_tier_history') }} as history
    inner join tiers using (tier)
    inner join periods
        on tiers.contact_period = periods.contact_period
        and history.month_end = last_day(periods.period_start - interval 1 month)
),

contacts as (
    select
        due.customer_id,
        due.period_start,
        due.contact_period,
        count(*) as contact_count,
        count(*) filter (where activities.is_deep_contact) as deep_contact_count,
        count(*) filter (where activities.is_deep_contact is null) as unclear_contact_count,
    from due
    inner join {{ ref('int_activities') }} as activities
        on due.customer_id = activities.customer_id and activities.occurred_on between due.period_start and due.period_end
    inner join {{ ref('activity_kinds') }} as kinds on activities.activity_code = kinds.activity_code
    where kinds.is_contact
    group by all
),

counted as (
    select
        due.*,
        coalesce(contacts.contact_count, 0) as contact_count,
        coalesce(contacts.deep_contact_count, 0) as deep_contact_count,
        if(due.is_deep_contact_required, coalesce(contacts.deep_contact_count, 0), coalesce(contacts.contact_count, 0))
            as done_count,
        if(due.is_deep_contact_required, coalesce(contacts.unclear_contact_count, 0), 0) as unclear_contact_count,
    from due
    left join contacts using (customer_id, contact_period, period_start)
),

final as (
    select
        counted.customer_id,
        counted.tier,
        counted.contact_period,
        counted.period_start,
        counted.period_end,
        owners.rep_id,
        owners.rep_name,
        owners.team,
        counted.is_deep_contact_required,
        counted.min_contacts_per_period as due_count,
        counted.done_count,
        counted.contact_count,
        counted.deep_contact_count,
        counted.unclear_contact_count,
        coalesce(counted.done_count > counted.max_contacts_per_period, false) as is_above_most,
        coverage.covered_to,
        case
            when counted.done_count >= counted.min_contacts_per_period then 'met'
            when counted.period_end > run.as_of then 'open'
            when coalesce(coverage.telling_system_count, 0) = 0 then 'not_exported'
            when coverage.covered_to < counted.period_end then 'late_export'
            when coverage.silent_system_count > 0 then 'partly_exported'
            when counted.done_count + counted.unclear_contact_count >= counted.min_contacts_per_period then 'unclear'
            else 'breach'
        end as verdict_code,
    from counted
    cross join run
    left join {{ ref('int_contact_coverage') }} as coverage using (customer_id)
    left join {{ ref('int_customer_owners') }} as owners using (customer_id)
)

select * from final
