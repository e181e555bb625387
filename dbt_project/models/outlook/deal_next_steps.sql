-- One row per open deal with a risk that the seed next_step_rules has a step for: the first of them, and why.
with

risks as (select * from {{ ref('deal_risk') }}),

rules as (select * from {{ ref('next_step_rules') }}),

final as (
    select
        risks.opportunity_id,
        risks.opportunity_name,
        risks.customer_id,
        risks.rep_id,
        risks.stage_code,
        risks.amount_base,
        rules.next_step,
        risks.rule,
        risks.severity,
        risks.evidence || ': ' || rules.because as next_step_reason,
        count(*) over (partition by risks.opportunity_id) as risk_count,
        risks.as_of,
    from risks
    inner join rules using (rule)
    qualify row_number() over (partition by risks.opportunity_id order by rules.rule_order) = 1
)

select * from final
