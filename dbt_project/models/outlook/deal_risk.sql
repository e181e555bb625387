-- One row per open deal and rule by which it is at risk, with the evidence as a sentence.
with

rules as (select * from {{ ref('deal_risk_rules') }}),
deals as (select * from {{ ref('open_deals') }}),

chances as (select * from {{ ref('deal_chances') }}),

-- What the stage requires and the deal is recorded to lack; a missing record is left to data_quality.
unprepared as (
    select deals.opportunity_id, {{ missing_requirements('stage_rules', 'deals') }} as missing from deals
    inner join {{ ref('stage_rules') }} as stage_rules on deals.stage_code = stage_rules.stage_code
),

-- The first day of which it is known that the rule held; before the deal was seen nobody could say.
first_flags as (
    select opportunity_id, rule, min(seen_on) as first_flagged_on from {{ ref('deal_risk_sightings') }}
    where is_flagged
    group by opportunity_id, rule
),

-- Where nine of ten move on the same day, the usual 0 days count as one: nothing is a multiple of 0.
findings as (
    select
        opportunity_id, 'overdue_close_date' as rule, overdue_days as value,
        'expected to close on ' || expected_close_on as evidence,
    from deals
    union all
    select
        opportunity_id, 'stalled_in_stage', days_in_stage_at_least / greatest(usual_stage_days, 1),
        if(days_in_stage is null, 'at least ', '') || days_in_stage_at_least || ' days in stage ' || stage_code
        || ', usual are up to ' || cast(round(usual_stage_days) as integer),
    from deals
    where days_in_stage_at_least > usual_stage_days
    union all
    select
        opportunity_id, 'unusually_long', age_days / greatest(usual_cycle_days, 1),
        age_days || ' days old, nine of ten won deals took up to ' || cast(round(usual_cycle_days) as integer),
    from deals
    where age_days > usual_cycle_days
    union all
    select
        opportunity_id, 'pushed_close_date', push_count,
        'pushed out ' || push_count || ' times, by ' || pushed_days || ' days in all',
    from deals
    union all
    select
        opportunity_id, 'amount_outlier', amount_z_score,
        'amount ' || {{ figure('amount_base') }} || ', the median deal has ' || {{ figure('median_amount_base') }},
    from deals
    union all
    select opportunity_id, 'no_owner', 1, 'no owner is recorded' from deals
    where is_owner_exported and owner_id is null and owner_name is null
    union all
    select
        opportunity_id, 'no_recent_contact', date_diff('day', contacted_on, as_of),
        coalesce('last contact on ' || last_activity_on, 'no contact since it was created on ' || contacted_on),
    from deals
    union all
    select opportunity_id, 'no_recent_change', date_diff('day', changed_on, as_of), 'last changed on ' || changed_on from deals
    where not is_contact_exported
    union all
    select
        deals.opportunity_id, 'entered_unprepared', 1,
        'stage ' || deals.stage_code || ' asks for: ' || unprepared.missing
    from deals
    inner join unprepared on deals.opportunity_id = unprepared.opportunity_id
    where unprepared.missing is not null
    union all
    select opportunity_id, 'no_amount', 1, 'no amount, or none that can be converted' from deals
    where is_amount_exported and coalesce(amount_base, 0) = 0
    union all
    select
        opportunity_id, 'unlikely_for_stage', stage_win_probability / nullif(win_probability, 0),
        'chance ' || cast(round(100 * win_probability) as integer) || ' %, open deals in ' || stage_code || ' have '
        || cast(round(100 * stage_win_probability) as integer) || ' %' || coalesce(': ' || reasons, '')
    from chances
    union all
    select
        opportunity_id, 'closes_later_than_entered', later_than_entered_days,
        'entered for ' || expected_close_on || ', deals like it have ended by ' || median_close_on
    from chances
),

final as (
    select
        findings.opportunity_id,
        findings.rule,
        rules.severity,
        findings.evidence,
        cast(findings.value as double) as value,
        rules.threshold,
        deals.opportunity_name,
        deals.customer_id,
        deals.rep_id,
        deals.stage_code,
        deals.amount_base,
        deals.expected_close_on,
        coalesce(first_flags.first_flagged_on, deals.as_of) as first_flagged_on,
        precisions.loss_rate as rule_loss_rate,
        precisions.peer_loss_rate,
        precisions.flagged_count as rule_deal_count,
        precisions.verdict_code as rule_verdict_code,
        deals.as_of,
    from findings
    inner join rules on findings.rule = rules.rule and findings.value >= rules.threshold
    inner join deals on findings.opportunity_id = deals.opportunity_id
    inner join {{ ref('deal_risk_precision') }} as precisions on findings.rule = precisions.rule
    left join first_flags on findings.opportunity_id = first_flags.opportunity_id and findings.rule = first_flags.rule
)

select * from final
