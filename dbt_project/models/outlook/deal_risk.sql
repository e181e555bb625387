-- One row per open deal and rule that calls it at risk, with the evidence in words.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select * from {{ ref('deal_risk_rules') }}),

open_deals as (
    select
        deals.*,
        run.as_of,
        greatest(deals.last_activity_on, cast(deals.updated_at as date)) as touched_on,
    from {{ ref('opportunities') }} as deals
    cross join run
    where deals.is_open
),

stages as (
    select
        stage_code,
        case when finished_stays >= 30 then p90_days else stalled_days end as usual_days,
    from {{ ref('marts_stages') }}
),

stage_rules as (select * from {{ ref('stage_rules') }}),

usual_cycle as (
    select p90_days
    from {{ ref('sales_cycle') }}
    where level = 'total' and period = 'all_time' and outcome = 'won' and is_enough
),

-- Amounts spread over magnitudes, so outliers are sought in logarithms, and by medians that outliers do not move.
centre as (
    select median(ln(amount_base)) as log_median
    from {{ ref('opportunities') }}
    where amount_base > 0
),

spread as (
    select
        any_value(centre.log_median) as log_median,
        nullif(median(abs(ln(deals.amount_base) - centre.log_median)), 0) as log_deviation,
    from {{ ref('opportunities') }} as deals
    cross join centre
    where deals.amount_base > 0
),

findings as (
    select opportunity_id, 'overdue_close_date' as rule, date_diff('day', expected_close_on, as_of) as value,
        'expected to close on ' || expected_close_on as evidence
    from open_deals
    union all
    select open_deals.opportunity_id, 'stalled_in_stage', open_deals.days_in_stage / stages.usual_days,
        open_deals.days_in_stage || ' days in stage ' || open_deals.stage_code || ', usual are up to '
        || cast(round(stages.usual_days) as integer)
    from open_deals
    inner join stages using (stage_code)
    where open_deals.days_in_stage > stages.usual_days
    union all
    select open_deals.opportunity_id, 'unusually_long', open_deals.age_days / usual_cycle.p90_days,
        open_deals.age_days || ' days old, nine of ten won deals took up to ' || cast(round(usual_cycle.p90_days) as integer)
    from open_deals
    cross join usual_cycle
    where open_deals.age_days > usual_cycle.p90_days
    union all
    select opportunity_id, 'pushed_close_date', push_count,
        'pushed out ' || push_count || ' times, by ' || pushed_days || ' days in all'
    from open_deals
    union all
    select open_deals.opportunity_id, 'amount_outlier',
        abs(0.6745 * (ln(open_deals.amount_base) - spread.log_median) / spread.log_deviation),
        'amount ' || open_deals.amount_base || ', the median deal has ' || round(exp(spread.log_median), 2)
    from open_deals
    cross join spread
    where open_deals.amount_base > 0
    union all
    select opportunity_id, 'no_owner', 1, 'no owner is recorded'
    from open_deals
    where owner_id is null and owner_name is null
    union all
    select opportunity_id, 'no_recent_contact', date_diff('day', touched_on, as_of), 'last touched on ' || touched_on
    from open_deals
    union all
    select open_deals.opportunity_id, 'entered_unprepared', 1,
        'stage ' || open_deals.stage_code || ' asks for: ' || concat_ws(', ',
            case when stage_rules.requires_budget and not open_deals.has_budget then 'confirmed budget' end,
            case when stage_rules.requires_decision_process and not open_deals.has_decision_process
                then 'known decision process' end,
            case when stage_rules.requires_decision_maker and not open_deals.has_decision_maker then 'decision maker' end)
    from open_deals
    inner join stage_rules using (stage_code)
    where
        (stage_rules.requires_budget and not open_deals.has_budget)
        or (stage_rules.requires_decision_process and not open_deals.has_decision_process)
        or (stage_rules.requires_decision_maker and not open_deals.has_decision_maker)
    union all
    select opportunity_id, 'no_amount', 1, 'no amount, or none that can be converted'
    from open_deals
    where coalesce(amount_base, 0) = 0
),

final as (
    select
        findings.opportunity_id,
        findings.rule,
        rules.severity,
        findings.evidence,
        cast(findings.value as double) as value,
        rules.threshold,
        open_deals.opportunity_name,
        open_deals.customer_id,
        open_deals.rep_id,
        open_deals.stage_code,
        open_deals.amount_base,
        open_deals.expected_close_on,
        open_deals.as_of,
    from findings
    inner join rules
        on findings.rule = rules.rule
        and findings.value >= rules.threshold
    inner join open_deals using (opportunity_id)
)

select * from final
