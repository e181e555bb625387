-- One row per lead and KPI that counts it, on the day the lead was created.
with

run as (select * from {{ source('control', 'run') }}),

regions as (select * from {{ ref('regions') }}),

-- Lists name the owner; a name that two reps share names neither.
named_reps as (
    select lower(trim(rep_name)) as word, any_value(rep_id) as rep_id, any_value(team) as team
    from {{ ref('reps') }}
    group by word
    having count(*) = 1
),

leads as (
    select
        leads.*,
        {{ region_word('leads.region', 'regions') }} as lead_region,
        named_reps.team,
        named_reps.rep_id,
        date_diff('day', leads.created_on, leads.assigned_on) as waited_days,
        leads.assigned_on is not null and leads.assigned_on >= leads.created_on as is_dated,
    from {{ ref('stg_leads') }} as leads
    left join regions on {{ same_word('leads.region', 'regions.word') }}
    left join named_reps on lower(trim(leads.owner_name)) = named_reps.word
),

final as (
    select
        unnest(['new_leads', 'lead_assignment_rate', 'lead_response_days', 'lead_conversion_rate']) as kpi,
        created_on as happened_on,
        lead_region as region,
        product_line,
        team,
        rep_id,
        unnest([
            1, cast(assigned_on is not null as integer), if(is_dated, waited_days, null),
            cast(converted_on is not null as integer)
        ]) as numerator,
        unnest([null, 1, if(is_dated, 1, null), 1]) as denominator,
        unnest([1, 1, if(is_dated, 1, 0), 1]) as n,
    from leads
)

{{ kpi_fact_columns(absent=['dimension']) }}
