-- One row per fact of the CRM's use that a KPI counts: days on which somebody logged in, and days on which they could have.
with

run as (select * from {{ source('control', 'run') }}),

calendar as (select * from {{ ref('calendar') }}),

reps as (select * from {{ ref('reps') }}),

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
        used_on as happened_on,
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
    select * from use_rows
    union all
    select * from possible_days
)

{{ kpi_fact_columns(absent=['dimension', 'product_line']) }}
