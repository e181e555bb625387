-- One row per deal and uninterrupted stay in a stage.
with

stays as (select * from {{ ref('int_stage_history') }}),

deals as (
    select
        opportunity_id,
        customer_id,
    from {{ ref('int_opportunities') }}
),

rules as (select * from {{ ref('stage_rules') }}),

final as (
    select
        stays.opportunity_id,
        stays.stage_number,
        deals.customer_id,
        stays.stage_code,
        stays.stage_type,
        stays.previous_stage_code,
        stays.entered_on,
        stays.left_on,
        stays.days_in_stage,
        rules.target_days,
        coalesce(stays.days_in_stage > rules.target_days, false) as is_over_target,
        stays.amount_base,
        stays.expected_close_on,
        stays.is_current,
        stays.is_entry_observed,
        stays.is_backward,
        stays.source,
    from stays
    inner join deals using (opportunity_id)
    left join rules using (stage_code)
)

select * from final
