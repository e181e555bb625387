-- One row per fact about people that a KPI counts: contacts, heads by month, what was sold in months whose heads are
-- known, and days of use.
with

run as (select * from {{ source('control', 'run') }}),

reps as (select * from {{ ref('reps') }}),

calendar as (select * from {{ ref('calendar') }}),

regions as (select * from {{ ref('regions') }}),

contacts as (
    select
        unnest(if(activities.is_deep_contact, ['contacts', 'deep_contacts'], ['contacts'])) as kpi,
        activities.occurred_on as happened_on,
        reps.region,
        reps.team,
        activities.rep_id,
        1 as numerator,
        null as denominator,
        1 as n,
    from {{ ref('activities') }} as activities
    left join reps using (rep_id)
),

heads as (
    select
        cast(date_trunc('month', heads.period_start) as date) as month_start,
        {{ region_word('heads.region', 'regions') }} as region,
        heads.team,
        sum(heads.heads) as heads,
    from {{ ref('stg_headcount') }} as heads
    left join regions on {{ same_word('heads.region', 'regions.word') }}
    group by all
),

head_rows as (
    select
        unnest(['heads', 'bookings_per_head', 'revenue_per_head']) as kpi,
        month_start,
        region,
        team,
        null as rep_id,
        unnest([heads, null, null]) as numerator,
        unnest([null, heads, heads]) as denominator,
        0 as n,
    from heads
),

months as (select distinct month_start from heads),

output as (
    select 'bookings_per_head' as kpi, facts.closed_on, facts.region, facts.team, null, facts.amount_base, null, 1
    from {{ ref('opportunities') }} as facts
    inner join months on date_trunc('month', facts.closed_on) = months.month_start
    where facts.is_won
    union all
    select 'revenue_per_head', facts.invoiced_on, facts.region, facts.team, null, sum(facts.amount_base), null, count(*)
    from {{ ref('revenue') }} as facts
    inner join months on date_trunc('month', facts.invoiced_on) = months.month_start
    group by all
),

-- People of the system are reps by their name, where only one rep has it.
named_reps as (
    select lower(trim(rep_name)) as word, any_value(reps) as rep
    from reps
    group by word
    having count(*) = 1
),

used_days as (
    select
        coalesce(named_reps.rep.rep_id, 'name:' || coalesce(usage.user_name, usage.user_id)) as rep_id,
        coalesce(usage.team, named_reps.rep.team) as team,
        named_reps.rep.region,
        named_reps.rep.left_on,
        usage.used_on,
        sum(usage.records_created) as created,
        sum(usage.records_updated) as updated,
    from {{ ref('stg_system_usage') }} as usage
    left join named_reps on lower(trim(usage.user_name)) = named_reps.word
    group by all
),

use_rows as (
    select
        unnest(['login_rate', 'login_days', 'records_created', 'records_updated']) as kpi,
        used_on,
        region,
        team,
        rep_id,
        unnest([1, 1, created, updated]) as numerator,
        null as denominator,
        unnest([0, 1, 1, 1]) as n,
    from used_days
),

-- Whoever has ever logged in could have done so on every working day since the log begins, until they left.
users as (
    select rep_id, team, region, any_value(left_on) as left_on, min(min(used_on)) over () as first_on
    from used_days
    group by all
),

possible_days as (
    select 'login_rate' as kpi, calendar.day, users.region, users.team, users.rep_id, null, 1, 1
    from users
    cross join run
    inner join calendar
        on calendar.day between users.first_on and least(run.as_of, coalesce(users.left_on, run.as_of))
    where calendar.is_working_day
),

final as (
    select * from contacts
    union all
    select * from head_rows
    union all
    select * from output
    union all
    select * from use_rows
    union all
    select * from possible_days
)

select
    kpi,
    happened_on,
    cast(null as varchar) as dimension,
    region,
    cast(null as varchar) as product_line,
    team,
    rep_id,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    n,
from final
cross join run
where happened_on <= run.as_of
