-- One row per dimension member: the median duration of a deal, open deals counted as not yet closed (product-limit
-- estimate; E. L. Kaplan and P. Meier, JASA 53 (1958), 457-481). Empty where fewer than half have closed.
with

run as (select * from {{ source('control', 'run') }}),

deal_durations as (
    select
        members.level,
        members.member,
        greatest(date_diff('day', deals.created_on, coalesce(deals.closed_on, run.as_of)), 0) as days,
        deals.stage_type <> 'open' as is_closed,
    from {{ ref('int_opportunities') }} as deals
    cross join run
    inner join {{ ref('int_opportunity_members') }} as members using (opportunity_id)
    where
        deals.created_on <= run.as_of
        and (deals.stage_type = 'open' or deals.closed_on >= deals.created_on)
),

ages as (
    select
        level,
        member,
        days,
        count(*) filter (where is_closed) as closed_count,
        count(*) as ended_count,
    from deal_durations
    group by all
),

at_risk as (
    select
        *,
        sum(ended_count) over (partition by level, member order by days desc) as at_risk_count,
    from ages
),

survival as (
    select
        level,
        member,
        days,
        -- The product of (1 - d/n), as a sum of logarithms; it is 0 once the last deal at risk has closed.
        sum(case when closed_count = at_risk_count then -1e9 else ln(1 - closed_count / at_risk_count) end) over (
            partition by level, member order by days
        ) as log_survival,
    from at_risk
),

final as (
    select
        level,
        member,
        min(days) filter (where log_survival <= ln(0.5) + 1e-12) as median_days,
    from survival
    group by level, member
)

select * from final
