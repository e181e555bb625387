-- One row per lead: how far it came, how long it waited for an owner, how likely leads like it become deals, and who should
-- get it.
with

leads as (select * from {{ ref('int_leads') }}),

rules as (select {{ rule('min_leads') }} as min_leads from {{ ref('lead_rules') }}),

-- Leads like this one, that are old enough to be settled; of its channel where too few share its score.
alike as (
    select
        channel,
        score_band,
        grouping(score_band) as is_channel_only,
        count(*) as lead_count,
        count(*) filter (where lead_status_code = 'converted') as converted_count,
    from leads
    where is_settled
    group by grouping sets ((channel, score_band), (channel))
),

recommended as (select * from {{ ref('int_lead_recommendations') }}),

final as (
    select
        leads.lead_id,
        leads.lead_name,
        leads.company_name,
        leads.channel,
        leads.campaign_id,
        leads.region,
        leads.industry_code,
        leads.product_line,
        leads.lead_status_code,
        leads.is_open,
        leads.score,
        leads.score_band,
        leads.created_on,
        leads.rep_id,
        leads.owner_name,
        leads.assigned_on,
        leads.assignment_days,
        leads.assignment_code,
        leads.is_settled,
        leads.converted_on,
        leads.converted_on_source,
        leads.converted_on - leads.created_on as conversion_days,
        leads.opportunity_id,
        leads.customer_id,
        case
            when leads.is_open
                then coalesce(
                    bands.converted_count / bands.lead_count, channels.converted_count / channels.lead_count
                )
        end as alike_conversion_rate,
        case when leads.is_open then coalesce(bands.lead_count, channels.lead_count) end as alike_count,
        case
            when not leads.is_open then null
            when bands.lead_count is not null then 'channel_and_score'
            when channels.lead_count is not null then 'channel'
        end as alike_basis,
        recommended.rep_id as recommended_rep_id,
        recommended.rep_name as recommended_rep_name,
        recommended.rule_order as recommended_rule_order,
        recommended.because as recommendation_reason,
        leads.source_system,
        leads.source_id,
        leads.exported_at,
    from leads
    cross join rules
    left join alike as bands
        on leads.channel = bands.channel
        and leads.score_band = bands.score_band
        and bands.is_channel_only = 0
        and rules.min_leads <= bands.lead_count
    left join alike as channels
        on leads.channel = channels.channel and channels.is_channel_only = 1 and rules.min_leads <= channels.lead_count
    left join recommended using (lead_id)
)

select * from final
