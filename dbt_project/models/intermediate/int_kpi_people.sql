-- One row per fact about people that a KPI counts: contacts, heads by month, and what was sold in months whose heads are
-- known.
with

run as (select * from {{ source('control', 'run') }}),

reps as (select * from {{ ref('reps') }}),

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

final as (
    select * from contacts
    union all
    select * from head_rows
    union all
    select * from output
)

{{ kpi_fact_columns(absent=['dimension', 'product_line']) }}
