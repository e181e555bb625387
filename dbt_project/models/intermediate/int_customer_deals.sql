-- One row per customer with a deal: open and closed deals.
select
    deals.customer_id,
    count(*) as opportunity_count,
    count(*) filter (where deals.stage_type = 'open') as open_opportunity_count,
    sum(deals.amount_base) filter (where deals.stage_type = 'open') as open_pipeline_amount,
    min(deals.expected_close_on) filter (where deals.stage_type = 'open' and deals.expected_close_on >= run.as_of)
        as next_expected_close_on,
    count(*) filter (where deals.stage_type = 'won') as won_count,
    count(*) filter (where deals.stage_type = 'lost') as lost_count,
    sum(deals.amount_base) filter (where deals.stage_type = 'won') as won_amount,
    -- a closing day after as_of is a slip of the pen: it counts for no window
    sum(deals.amount_base) filter (
        where deals.stage_type = 'won' and deals.closed_on > run.as_of - interval 12 month and deals.closed_on <= run.as_of
    ) as won_amount_12m,
    max(deals.closed_on) filter (where deals.stage_type = 'won' and deals.closed_on <= run.as_of) as last_won_on,
    max(deals.last_activity_on) filter (where deals.last_activity_on <= run.as_of) as last_deal_activity_on,
    max(deals.created_on) filter (where deals.created_on <= run.as_of) as last_opportunity_on
from {{ ref('int_opportunities') }} as deals
cross join {{ source('control', 'run') }} as run
where deals.customer_id is not null
group by deals.customer_id
