-- One row per record and attribute whose value was replaced by another of the same customer, old to new with the rule.
with all_values as (select * from {{ ref('int_customer_values') }}),

surviving_values as (
    select * from all_values
    where survival_rank = 1
)

select
    lost.customer_id,
    lost.source_system,
    lost.source_id,
    lost.attribute,
    lost.value as old_value,
    kept.value as new_value,
    kept.source_system as new_source_system,
    kept.source_id as new_source_id,
    'survivorship: ' || kept.rule as rule,
    {{ deciding_criterion('kept', 'lost') }} as decided_by,
from all_values as lost
inner join surviving_values as kept using (customer_id, attribute)
where lost.value != kept.value
