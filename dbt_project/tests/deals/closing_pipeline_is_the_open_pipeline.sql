-- Movements of the pipeline add up to what is open at as_of; a row names the kind of period that does not.
with

open_deals as (
    select count(*) as deals, coalesce(sum(amount_base), 0) as amount_base
    from {{ ref('opportunities') }}
    where is_open
)

select
    changes.period,
    changes.amount_base,
    open_deals.amount_base as open_amount_base,
from {{ ref('pipeline_changes') }} as changes
cross join open_deals
where
    changes.movement = 'closing'
    and (changes.amount_base <> open_deals.amount_base or changes.deal_count <> open_deals.deals)
qualify changes.period_start = max(changes.period_start) over (partition by changes.period)
