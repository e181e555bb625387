-- Four rows per event that has begun: the affected deals and their control, before and after its first day.
--
-- What an event of one region or product line changes, it changes there: the others are the control. One that is for all has
-- the same months of the year before as its control, for seasons would look like effects.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select {{ rule('window_days', 'integer') }} as window_days
    from {{ ref('event_rules') }}
),

events as (
    select
        events.source_system || '|' || events.source_id as event_id,
        if(events.level in ('region', 'product_line'), events.level, 'total') as level,
        if(events.level = 'region', {{ region_word('events.member', 'regions') }}, events.member) as member,
        events.started_on,
        least(coalesce(events.ended_on, run.as_of), run.as_of, events.started_on + rules.window_days - 1) as after_to,
        rules.window_days,
    from {{ ref('stg_market_events') }} as events
    cross join run
    cross join rules
    left join {{ ref('regions') }} as regions on {{ same_word('events.member', 'regions.word') }}
    where events.started_on <= run.as_of
),

groups as (
    select
        events.*,
        parts.is_affected,
        parts.is_after,
        -- 52 weeks keep the weekdays.
        if(parts.is_affected or events.level <> 'total', 0, 364) as shifted_days,
    from events
    cross join (values (true, true), (true, false), (false, true), (false, false)) as parts (is_affected, is_after)
),

final as (
    select
        event_id,
        level,
        member,
        is_affected,
        is_after,
        started_on - shifted_days as first_day,
        if(is_after, started_on, started_on - window_days) - shifted_days as window_from,
        if(is_after, after_to, started_on - 1) - shifted_days as window_to,
    from groups
)

select * from final
