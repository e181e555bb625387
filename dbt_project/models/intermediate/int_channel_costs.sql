-- One row per channel and period with a campaign: the cost of its campaigns, each spread evenly over its days.
with

campaigns as (select * from {{ ref('int_campaigns') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period in ('quarter', 'last_12_months', 'all_time')
),

final as (
    select
        campaigns.channel,
        periods.period,
        periods.period_start,
        -- One campaign without a cost or a rate leaves the channel without a figure, rather than with too small a one.
        if(count(campaigns.cost_base) = count(*), sum(
            cast(campaigns.cost_base as double)
            * (least(campaigns.spent_to, periods.period_end) - greatest(campaigns.started_on, periods.period_start) + 1)
            / (campaigns.spent_to - campaigns.started_on + 1)
        ), null) as cost_base,
    from campaigns
    inner join periods
        on campaigns.started_on <= periods.period_end and campaigns.spent_to >= periods.period_start
    group by all
)

select * from final
