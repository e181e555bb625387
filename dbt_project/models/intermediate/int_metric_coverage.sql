-- One row per metric: the day up to which every source object that still exports covers it.
with final as (
    select
        coverage.metric,
        min(coverage.last_exported_on) filter (where coverage.ended_reason is null) as covered_to,
    from {{ ref('int_source_coverage') }} as coverage
    group by coverage.metric
)

select * from final
