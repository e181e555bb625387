-- One row per contract that the run may see, with the first contract of the chain of renewals it belongs to.
with recursive

run as (select * from {{ source('control', 'run') }}),

customers as (select * from {{ source('resolved', 'customer_map') }}),

signed as (
    select
        contracts.source_system || '|' || contracts.source_id as contract_id,
        contracts.source_system || '|' || contracts.previous_contract_id as previous_contract_id,
        contracts.source_system || '|' || contracts.opportunity_id as deal_record_id,
        customers.customer_id,
        contracts.source_system,
        contracts.source_id,
        contracts.signed_on,
        contracts.started_on,
        contracts.ends_on,
        contracts.ends_on - contracts.started_on + 1 as term_days,
        contracts.status,
        contracts.amount,
        coalesce(contracts.currency, run.base_currency) as currency,
        case when coalesce(contracts.currency, run.base_currency) = run.base_currency then 1 else rates.rate end as own_rate,
    from {{ ref('stg_contracts') }} as contracts
    cross join run
    left join customers
        on contracts.source_system = customers.source_system and contracts.account_source_id = customers.source_id
    left join {{ ref('int_exchange_rates') }} as rates
        on contracts.currency = rates.currency
        and least(coalesce(contracts.signed_on, contracts.started_on, run.as_of), run.as_of) = rates.rate_on
    where coalesce(contracts.signed_on, contracts.started_on, run.as_of) <= run.as_of
),

-- A contract whose predecessor was never exported begins a chain of its own.
chained as (
    select
        firsts.contract_id,
        firsts.contract_id as first_contract_id,
        1 as term_number,
        firsts.deal_record_id as first_deal_record_id,
        firsts.currency as first_currency,
        firsts.own_rate as first_rate,
    from signed as firsts
    left join signed as earlier on firsts.previous_contract_id = earlier.contract_id
    where earlier.contract_id is null
    union all
    select
        signed.contract_id,
        chained.first_contract_id,
        chained.term_number + 1,
        chained.first_deal_record_id,
        chained.first_currency,
        chained.first_rate,
    from signed
    inner join chained on signed.previous_contract_id = chained.contract_id
),

final as (
    select
        signed.* exclude (deal_record_id, own_rate),
        coalesce(chained.first_contract_id, signed.contract_id) as first_contract_id,
        chained.term_number,
        coalesce(chained.first_deal_record_id, signed.deal_record_id) as deal_record_id,
        -- One rate for the whole chain: what a currency did is no growth of a renewed contract.
        cast(if(signed.currency = chained.first_currency, chained.first_rate, signed.own_rate) as double) as base_rate,
        cast(signed.amount * base_rate as decimal(18, 4)) as amount_base,
        cast(signed.amount * base_rate * 365 / nullif(signed.term_days, 0) as decimal(18, 4)) as annual_amount_base,
    from signed
    left join chained using (contract_id)
)

select * from final
