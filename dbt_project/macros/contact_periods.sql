{# Weeks, months and quarters in which contacts are counted, those of the last `months` of `rules`: one row per period. #}
{% macro contact_periods(run, rules) -%}
    select contact_period, period_start, cast(period_start + step - interval 1 day as date) as period_end, from (
        select
            units.contact_period,
            units.step,
            cast(unnest(generate_series(
                date_trunc(units.contact_period, {{ run }}.as_of + 1 - to_months(cast({{ rules }}.months as integer))),
                {{ run }}.as_of, units.step
            )) as date) as period_start,
        from (values ('week', interval 7 day), ('month', interval 1 month), ('quarter', interval 3 month))
            as units (contact_period, step)
        cross join {{ run }}
        cross join {{ rules }}
    )
{%- endmacro %}
