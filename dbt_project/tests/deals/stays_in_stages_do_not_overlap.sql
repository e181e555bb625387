-- A deal is in one stage at a time: each stay ends on the day the next begins, and none ends before it began.
select
    opportunity_id,
    stage_number,
from {{ ref('stage_history') }}
qualify
    left_on < entered_on
    or left_on is distinct from lead(entered_on) over (partition by opportunity_id order by stage_number)
