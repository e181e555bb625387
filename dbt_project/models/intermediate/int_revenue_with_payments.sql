-- One row: how much of the revenue of the last 12 complete months systems with lists of payments billed.
with

run as (select * from {{ source('control', 'run') }}),

-- A month that waits for a file of one system would show the share of the others too large.
complete as (
    select
        cast(date_trunc('month', coalesce(least(coverage.covered_to, run.as_of), run.as_of) + 1) as date) as months_before,
    from run
    left join {{ ref('int_metric_coverage') }} as coverage on coverage.metric = 'revenue'
),

final as (
    select
        cast(sum(revenue.amount_base) filter (where lists.source_system is not null) as double) as listed_base,
        cast(sum(revenue.amount_base) as double) as total_base,
        coalesce(listed_base, 0) / nullif(total_base, 0) as revenue_share,
    from {{ ref('revenue') }} as revenue
    cross join complete
    left join {{ ref('int_payment_lists') }} as lists using (source_system)
    where
        revenue.invoiced_on < complete.months_before
        and revenue.invoiced_on >= complete.months_before - interval 12 month
)

select revenue_share from final
