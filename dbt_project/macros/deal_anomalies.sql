{# What cannot be, or can hardly be, of a deal: one SELECT per rule of rows of `deals`, with the evidence. #}
{% macro deal_anomalies(deals) -%}
    select 'owner_gone' as rule, 'the owner of the open deal has left' as evidence, {{ deals }}.* from {{ deals }}
    where is_open and is_owner_gone
    union all
    select 'no_owner', 'the open deal names no owner', {{ deals }}.* from {{ deals }}
    where is_open and rep_id is null
    union all
    select 'closed_without_day', 'closed; the day is taken from ' || closed_on_source, {{ deals }}.* from {{ deals }}
    where not is_open and coalesce(closed_on_source, '') <> 'closed_on'
    union all
    select
        'late_stage_without_amount',
        'in stage ' || stage_code || ' with amount ' || coalesce(cast(amount as varchar), 'missing'),
        {{ deals }}.*
    from {{ deals }}
    where not is_lost and stage_order >= late_stage_order and coalesce(amount, 0) <= 0
    union all
    select 'outlier_amount', 'amount ' || {{ figure('amount_base') }} || ', robust z-score ' || round(z_score, 1), {{ deals }}.*
    from {{ deals }}
    where abs(z_score) > outlier_z_score
    union all
    select 'past_closing_day', 'open and expected to close on ' || expected_close_on, {{ deals }}.* from {{ deals }}
    where is_overdue
    union all
    select 'day_in_future', 'created on ' || created_on || coalesce(', closed on ' || closed_on, ''), {{ deals }}.*
    from {{ deals }}
    where created_on > as_of or (not is_open and closed_on > as_of)
    union all
    select 'day_too_early', 'created on ' || created_on || coalesce(', closed on ' || closed_on, ''), {{ deals }}.*
    from {{ deals }}
    where least(year(created_on), year(closed_on), year(expected_close_on)) < earliest_year
    union all
    select 'closed_before_created', 'created on ' || created_on || ', closed on ' || closed_on, {{ deals }}.* from {{ deals }}
    where has_negative_cycle
    union all
    select 'contradictory_status', 'open by its status or its stage, closed by the other', {{ deals }}.* from {{ deals }}
    where has_contradictory_status
{%- endmacro %}
