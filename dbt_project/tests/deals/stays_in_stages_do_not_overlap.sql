-- A deal is in one stage at a time: a stay ends by the last day on which the next can begin, and no bound of a stay
-- contradicts another.
select
    opportunity_id,
    stage_number,
from {{ ref('stage_history') }}
qualify
    entered_earliest_on > entered_latest_on
    or left_earliest_on > left_latest_on
    or left_earliest_on < entered_latest_on
    or days_at_least > days_at_most
    or left_latest_on is distinct from lead(entered_latest_on) over (partition by opportunity_id order by stage_number)
