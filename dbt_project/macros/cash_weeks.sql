{#
  CTE `weeks`: one row per coming week of expected cash. Money that is due on a free day comes in on the next day of payment:
  that of a week was due after begin_day and up to end_day, in days of as_of. Needs the CTEs `run` and `rules`.
#}
{% macro cash_weeks() -%}
weeks as (
    select
        ahead,
        cast(run.as_of + 1 + cast(ahead * 7 as integer) as date) as week_start,
        week_begin.last_payment_day - run.as_of as begin_day,
        week_over.last_payment_day - run.as_of as end_day,
    from (select unnest(range(cast(value['horizon_weeks'] as integer))) as ahead from rules)
    cross join run
    inner join {{ ref('int_payment_days') }} as week_begin on run.as_of + cast(ahead * 7 as integer) = week_begin.day
    inner join {{ ref('int_payment_days') }} as week_over on run.as_of + cast(ahead * 7 + 7 as integer) = week_over.day
)
{%- endmacro %}
