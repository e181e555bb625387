-- One row per contract: its term, what renewed it, and for one that still runs the chance that it will be.
with

terms as (select * from {{ ref('int_contract_terms') }}),

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('due_months', 'integer') }} as due_months,
        {{ rule('rate_months', 'integer') }} as rate_months,
        {{ rule('min_ended') }} as min_ended,
    from {{ ref('renewal_rules') }}
),

renewals as (
    select
        previous_contract_id as contract_id,
        min(signed_on) as renewed_on,
        min(contract_id) as renewed_by_contract_id,
        cast(sum(annual_amount_base) as decimal(18, 4)) as renewed_annual_base,
    from terms
    where previous_contract_id is not null
    group by all
),

known as (
    select
        terms.*,
        coalesce(deals.region, 'unmapped') as region,
        coalesce(deals.product_line, 'unmapped') as product_line,
        renewals.* exclude (contract_id),
        case
            when renewals.contract_id is not null then 'renewed'
            when terms.ends_on is null then 'open_ended'
            when terms.ends_on <= run.as_of then 'ended'
            else 'running'
        end as outcome_code,
        terms.ends_on <= run.as_of as has_ended,
        run.as_of,
    from terms
    cross join run
    left join renewals using (contract_id)
    left join {{ ref('opportunity_crosswalk') }} as records
        on terms.deal_record_id = records.source_system || '|' || records.source_id
    left join {{ ref('opportunities') }} as deals on records.opportunity_id = deals.opportunity_id
),

-- Of the product line where enough have ended, else of the company; the row without a product line is the company's.
rates as (
    select
        known.product_line,
        count(*) as ended_count,
        count(known.renewed_annual_base) as renewed_count,
        sum(known.renewed_annual_base)
        / nullif(sum(known.annual_amount_base) filter (where known.renewed_annual_base is not null), 0) as relative_renewed,
    from known
    cross join rules
    where known.has_ended and known.ends_on > known.as_of - to_months(rules.rate_months)
    group by grouping sets ((known.product_line), ())
    having count(*) >= any_value(rules.min_ended)
),

final as (
    select
        known.* exclude (deal_record_id, has_ended, as_of),
        case when known.outcome_code = 'running' then known.ends_on - known.as_of end as remaining_days,
        known.outcome_code = 'running' and known.ends_on <= known.as_of + to_months(rules.due_months) as is_due,
        case
            when known.outcome_code <> 'running' then null
            when own.product_line is not null then 'product_line'
            when company.ended_count is not null then 'company'
            else 'too_few'
        end as renewal_basis,
        case when known.outcome_code = 'running' then coalesce(own.ended_count, company.ended_count) end as ended_count,
        case
            when known.outcome_code = 'running'
                then coalesce(own.renewed_count / own.ended_count, company.renewed_count / company.ended_count)
        end as renewal_probability,
        cast(
            renewal_probability * coalesce(own.relative_renewed, company.relative_renewed) * known.annual_amount_base
            as decimal(18, 4)
        ) as expected_annual_base,
    from known
    cross join rules
    left join rates as own on known.product_line = own.product_line
    left join rates as company on company.product_line is null
)

select * from final
