-- One row per customer: which of its systems tell of contacts, and up to which day.
with

run as (select * from {{ source('control', 'run') }}),

-- Who could tell: systems that keep deals or contacts with customers, and up to which day each has sent activities.
sending as (
    select
        objects.source_system,
        max(cast(files.exported_at at time zone 'UTC' at time zone run.timezone as date))
        filter (where files.object = 'activities' and files.status = 'loaded') as sent_up_to,
    from {{ source('control', 'objects') }} as objects
    cross join run
    left join {{ ref('stg_export_files') }} as files using (source_system, object)
    where objects.object in ('activities', 'opportunities')
    group by objects.source_system
),

final as (
    select
        map.customer_id,
        count(distinct map.source_system) filter (where sending.sent_up_to is not null) as telling_system_count,
        count(distinct map.source_system) filter (where sending.sent_up_to is null) as silent_system_count,
        min(sending.sent_up_to) as covered_to,
    from {{ source('resolved', 'customer_map') }} as map
    inner join sending using (source_system)
    group by map.customer_id
)

select * from final
