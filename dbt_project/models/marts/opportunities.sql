-- One row per deal: won, lost or open. Duplicates and void records are in opportunity_crosswalk only.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_opportunities') }}),

dimensions as (select * from {{ ref('int_opportunity_dimensions') }}),

slips as (select * from {{ ref('int_opportunity_slips') }}),

touches as (select * from {{ ref('int_deal_touches') }}),

chances as (select * from {{ ref('stage_probabilities') }}),

record_counts as (
    select
        survivor_id as opportunity_id,
        count(*) + 1 as record_count,
    from {{ ref('int_opportunity_duplicates') }}
    group by survivor_id
),

last_open_stages as (
    select
        opportunity_id,
        arg_max(stage_code, stage_number) as stage_code,
    from {{ ref('int_stage_history') }}
    where stage_type = 'open'
    group by opportunity_id
),

current_stays as (
    select * from {{ ref('int_stage_history') }}
    where is_current
),

final as (
    select
        deals.opportunity_id,
        deals.source_system,
        deals.source_id,
        deals.opportunity_name,
        deals.customer_id,
        deals.stage_code,
        deals.stage_order,
        deals.stage_type = 'open' as is_open,
        deals.stage_type = 'won' as is_won,
        deals.stage_type = 'lost' as is_lost,
        coalesce(deals.open_stage_code, last_open_stages.stage_code) as last_open_stage_code,
        case when current_stays.is_entry_exact then current_stays.entered_latest_on end as stage_entered_on,
        current_stays.days_in_stage,
        current_stays.days_at_least as days_in_stage_at_least,
        deals.amount_base,
        deals.amount,
        deals.currency,
        cast(deals.base_rate as decimal(18, 8)) as base_rate,
        deals.probability,
        chances.probability as stage_probability,
        chances.probability_basis as stage_probability_basis,
        chances.default_probability,
        cast(case when deals.stage_type = 'open' then deals.amount_base * chances.probability end as decimal(18, 4))
            as weighted_amount_base,
        deals.forecast_category,
        deals.created_on,
        deals.expected_close_on,
        deals.closed_on,
        deals.closed_on_source,
        case when deals.closed_on >= deals.created_on then date_diff('day', deals.created_on, deals.closed_on) end
            as sales_cycle_days,
        coalesce(deals.closed_on < deals.created_on, false) as has_negative_cycle,
        case when deals.stage_type = 'open' then date_diff('day', deals.created_on, run.as_of) end as age_days,
        slips.first_expected_close_on,
        coalesce(slips.push_count, 0) as push_count,
        cast(coalesce(slips.pushed_days, 0) as bigint) as pushed_days,
        deals.stage_type = 'open' and coalesce(deals.expected_close_on < run.as_of, false) as is_overdue,
        deals.is_contradictory as has_contradictory_status,
        deals.owner_id,
        deals.owner_name,
        dimensions.* exclude (opportunity_id),
        deals.loss_reason,
        nullif(trim(deals.competitor), '') as competitor_name,
        deals.next_step,
        deals.has_budget,
        deals.has_decision_process,
        touches.* exclude (opportunity_id),
        deals.updated_at,
        deals.exported_at,
        coalesce(record_counts.record_count, 1) as record_count,
    from deals
    cross join run
    inner join chances using (stage_code)
    inner join dimensions using (opportunity_id)
    left join slips using (opportunity_id)
    left join touches using (opportunity_id)
    left join record_counts using (opportunity_id)
    left join last_open_stages using (opportunity_id)
    left join current_stays using (opportunity_id)
)

select * from final
