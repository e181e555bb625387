-- A cycle that runs backwards is left empty and marked; a row here would pull every mean down.
select opportunity_id
from {{ ref('opportunities') }}
where
    sales_cycle_days < 0
    or (has_negative_cycle and sales_cycle_days is not null)
