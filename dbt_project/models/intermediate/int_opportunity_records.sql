-- One row per deal record that the run may see, duplicates and void ones included.
with

deals as (select * from {{ ref('stg_opportunities') }}),

run as (select * from {{ source('control', 'run') }}),

customers as (select * from {{ source('resolved', 'customer_map') }}),

outcomes as (select * from {{ ref('int_stage_outcomes') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

ended_deals as (
    select
        deals.* exclude (stage, status),
        outcomes.stage_code,
        outcomes.stage_order,
        case when deals.is_deleted then 'void' else outcomes.stage_type end as stage_type,
        outcomes.open_stage_code,
        outcomes.is_contradictory,
        case
            when deals.is_deleted then 'deleted_in_source'
            when outcomes.stage_type = 'void' then 'void_stage'
        end as void_rule,
        coalesce(deals.currency, run.base_currency) as known_currency,
        {{ local_date('deals.updated_at') }} as updated_on,
        -- Systems with one close date overwrite it when the deal ends; a future day is still a plan, and so is one after
        -- the last change of a deal that had ended by then.
        case
            when deals.expected_close_on <= coalesce(least(updated_on, run.as_of), run.as_of) then deals.expected_close_on
        end as overwritten_on,
        run.base_currency,
        run.as_of,
    from deals
    cross join run
    left join outcomes
        on deals.stage = outcomes.source_stage_code
        and deals.status is not distinct from outcomes.source_status
),

dated_deals as (
    select
        * exclude (closed_on, expected_close_on, overwritten_on),
        case
            when stage_type in ('won', 'lost') then coalesce(closed_on, overwritten_on, updated_on)
        end as closed_on,
        case
            when stage_type not in ('won', 'lost') then null
            when closed_on is not null then 'closed_on'
            when overwritten_on is not null then 'expected_close_on'
            when updated_at is not null then 'updated_at'
        end as closed_on_source,
        coalesce(expected_close_on, closed_on) as expected_close_on,
    from ended_deals
),

final as (
    select
        dated_deals.source_system || '|' || dated_deals.source_id as record_id,
        dated_deals.source_system,
        dated_deals.source_id,
        coalesce(dated_deals.opportunity_id, dated_deals.source_id) as source_deal_id,
        customers.customer_id,
        dated_deals.* exclude (
            source_system, source_id, opportunity_id, account_id, account_name,
            is_deleted, known_currency, base_currency, as_of
        ),
        case when dated_deals.known_currency = dated_deals.base_currency then 1 else rates.rate end as base_rate,
        {{ multiply_money('dated_deals.amount', 'base_rate') }} as amount_base,
    from dated_deals
    left join customers
        on dated_deals.source_system = customers.source_system
        and dated_deals.account_source_id = customers.source_id
    left join rates
        on dated_deals.known_currency = rates.currency
        and least(coalesce(dated_deals.closed_on, dated_deals.created_on, dated_deals.as_of), dated_deals.as_of)
        = rates.rate_on
)

select * from final
