-- A bridge that does not close explains nothing: the effects of every forecast must be its deviation, to the last digit.
select
    basis,
    unique_id,
    lag,
    period_start,
    as_of,
    any_value(deviation) as deviation,
    sum(effect) as explained,
from {{ ref('variance_bridge') }}
group by all
having any_value(deviation) <> sum(effect)
