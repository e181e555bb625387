{{ config(meta={'dagster': {'ref': {'name': 'stage_history'}}}) }}

-- The last stay of a deal is in the stage the deal has, and every deal has one. A row is a deal told two ways.
select
    deals.opportunity_id,
    deals.stage_code,
    stays.stage_code as history_stage_code,
from {{ ref('opportunities') }} as deals
left join {{ ref('stage_history') }} as stays
    on deals.opportunity_id = stays.opportunity_id
    and stays.is_current
where deals.stage_code is distinct from stays.stage_code
