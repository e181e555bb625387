-- One row per event outside or inside the company that was known by as_of: promotions, competitors, policy, prices.
with

run as (select * from {{ source('control', 'run') }}),

final as (
    select
        events.source_system || '|' || events.source_id as event_id,
        lower(trim(events.kind)) as kind,
        events.event_name,
        coalesce(lower(trim(events.level)), 'total') as level,
        coalesce(members.member, nullif(trim(events.member), ''), '') as member,
        events.started_on,
        events.ended_on,
        events.published_on,
        events.publisher,
        run.as_of between events.started_on and coalesce(events.ended_on, run.as_of) as is_in_force,
        date_diff('day', events.published_on, events.started_on) as notice_days,
        date_diff('day', events.started_on, events.ended_on) + 1 as lasting_days,
    from {{ ref('stg_market_events') }} as events
    cross join run
    left join {{ ref('int_plan_members') }} as members
        on lower(trim(events.level)) = members.level and lower(trim(events.member)) = members.word
    where events.published_on <= run.as_of
)

select * from final
