-- One row per system that sends lists of payments: the day up to which they tell what was received.
with final as (
    select
        source_system,
        -- a list that has ended holds nothing up while another one goes on
        coalesce(min(last_exported_on) filter (where ended_reason is null), max(last_exported_on)) as known_to,
        bool_and(ended_reason is not null) as has_ended,
    from {{ ref('int_source_coverage') }}
    where metric = 'receipts'
    group by source_system
)

select * from final
