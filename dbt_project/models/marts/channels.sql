-- One row per channel and period, and per campaign: what it cost, and the leads, deals and bookings that came of it.
with

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period in ('quarter', 'last_12_months', 'all_time')
),

campaigns as (select * from {{ ref('int_campaigns') }}),

leads as (
    select
        leads.*,
        deals.is_won,
        deals.amount_base,
    from {{ ref('int_leads') }} as leads
    left join {{ ref('opportunities') }} as deals using (opportunity_id)
),

deals as (select * from {{ ref('opportunities') }}),

lead_counts as (
    select
        leads.channel,
        periods.period,
        periods.period_start,
        count(*) as lead_count,
        {{ campaign_outcomes('leads') }}
    from leads
    inner join periods on leads.created_on between periods.period_start and periods.period_end
    group by all
),

deal_counts as (
    select
        deals.channel,
        periods.period,
        periods.period_start,
        {{ deal_outcomes('deals') }}
    from deals
    inner join periods on deals.created_on between periods.period_start and periods.period_end
    group by all
),

campaign_counts as (
    select
        campaigns.campaign_id as member,
        campaigns.campaign_name,
        any_value(campaigns.channel) as channel,
        max(cast(campaigns.cost_base as double)) as cost_base,
        count(leads.lead_id) as lead_count,
        {{ campaign_outcomes('leads') }}
        {{ deal_outcomes('deals') }}
    from campaigns
    left join leads using (campaign_id)
    left join deals on leads.opportunity_id = deals.opportunity_id
    group by campaigns.campaign_id, campaigns.campaign_name
),

counted as (
    select 'channel' as level, channel as member, channel, period, period_start, * exclude (channel, period, period_start)
    from lead_counts
    full join deal_counts using (channel, period, period_start)
    full join {{ ref('int_channel_costs') }} using (channel, period, period_start)
    union all by name
    select 'campaign' as level, 'all_time' as period, periods.period_start, campaign_counts.*
    from campaign_counts
    cross join periods
    where periods.period = 'all_time'
),

final as (
    select
        level,
        member,
        channel,
        campaign_name,
        period,
        period_start,
        cast(cost_base as decimal(18, 4)) as cost_base,
        coalesce(lead_count, 0) as lead_count,
        coalesce(deal_count, 0) as deal_count,
        coalesce(closed_count, 0) as closed_count,
        coalesce(won_count, 0) as won_count,
        won_count / nullif(closed_count, 0) as win_rate,
        {{ wilson('won_count', 'closed_count', -1) }} as win_rate_low_95,
        {{ wilson('won_count', 'closed_count', 1) }} as win_rate_high_95,
        median_won_days,
        cast(coalesce(won_base, 0) as decimal(18, 4)) as won_amount_base,
        coalesce(campaign_lead_count, 0) as campaign_lead_count,
        coalesce(campaign_deal_count, 0) as campaign_deal_count,
        coalesce(campaign_won_count, 0) as campaign_won_count,
        cast(coalesce(campaign_won_base, 0) as decimal(18, 4)) as campaign_won_amount_base,
        cost_base / nullif(campaign_lead_count, 0) as cost_per_lead_base,
        cost_base / nullif(campaign_deal_count, 0) as cost_per_deal_base,
        cost_base / nullif(campaign_won_count, 0) as cost_per_won_base,
        (coalesce(campaign_won_base, 0) - cost_base) / nullif(cost_base, 0) as relative_return,
    from counted
)

select * from final
