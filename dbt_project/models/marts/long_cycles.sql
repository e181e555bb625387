-- One row per deal that is open, or was closed in the last twelve months, and takes longer than nine of ten won deals of its
-- kind did.
with

run as (select * from {{ source('control', 'run') }}),

deals as (
    select
        opportunities.*,
        coalesce(opportunities.sales_cycle_days, opportunities.age_days) as lasted_days,
    from {{ ref('opportunities') }} as opportunities
    cross join run
    where opportunities.is_open or opportunities.closed_on > run.as_of - interval 1 year
),

usual as (
    select * from {{ ref('sales_cycle') }}
    where period = 'all_time' and outcome = 'won' and is_enough
),

-- The narrowest kind of which enough deals were won.
kinds as (
    select
        deals.opportunity_id,
        usual.level as kind_level,
        usual.member as kind_member,
        usual.closed_count as kind_won_count,
        usual.median_days as usual_days,
        usual.p90_days as longest_usual_days,
    from deals
    inner join usual
        on (usual.level = 'deal_type_product_line' and deals.deal_type || '|' || deals.product_line = usual.member)
        or (usual.level = 'deal_type' and deals.deal_type = usual.member)
        or usual.level = 'total'
    qualify row_number() over (
        partition by deals.opportunity_id
        order by array_position(['deal_type_product_line', 'deal_type', 'total'], usual.level)
    ) = 1
),

final as (
    select
        deals.opportunity_id,
        deals.customer_id,
        deals.rep_id,
        deals.team,
        deals.stage_code,
        deals.is_open,
        deals.deal_type,
        deals.product_line,
        deals.amount_base,
        deals.lasted_days,
        kinds.kind_level,
        kinds.kind_member,
        kinds.kind_won_count,
        kinds.usual_days,
        kinds.longest_usual_days,
    from deals
    inner join kinds using (opportunity_id)
    where deals.lasted_days > kinds.longest_usual_days
)

select * from final
