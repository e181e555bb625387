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
        stays.entered_earliest_on,
        stays.entered_latest_on,
        stays.left_earliest_on,
        stays.left_latest_on,
        stays.is_entry_exact,
        stays.days_in_stage,
        stays.days_at_least,
        stays.days_at_most,
        rules.target_days,
        case
            when stays.days_at_least > rules.target_days then true
            when stays.days_at_most <= rules.target_days then false
        end as is_over_target,
        stays.amount_base,
        stays.expected_close_on,
        stays.is_current,
        stays.is_backward,
        stays.source,
    from stays
    inner join deals using (opportunity_id)
    left join rules using (stage_code)
)

select * from final
