{{ config(meta={'dagster': {'ref': {'name': 'pipeline_changes'}}}) }}

-- Movements of the pipeline add up to what is open at as_of; a row names the kind of period that does not.
with

open_deals as (
    select count(*) as deals, coalesce(sum(amount_base), 0) as amount_base
    from {{ ref('opportunities') }}
    where is_open
),

last_closings as (
    select * from {{ ref('pipeline_changes') }}
    where movement = 'closing'
    qualify period_start = max(period_start) over (partition by period)
)

select
    last_closings.period,
    last_closings.amount_base,
    open_deals.amount_base as open_amount_base,
from last_closings
cross join open_deals
where last_closings.amount_base <> open_deals.amount_base or last_closings.deal_count <> open_deals.deals
