{# The columns of an object that only some of its rows can fill, and which rows: for the others an empty cell is no gap. #}
{% macro conditional_columns(object) -%}
    {%- set stages = "list_contains((select list(stage_code) from " ~ ref('stages') ~ " where stage_type in (" -%}
    {%- set closed = stages ~ "'won', 'lost')), stage)" -%}
    {%- set lost = stages ~ "'lost')), stage)" -%}
    {{ return({
        'accounts': {'merged_into_id': 'merged_into_id is not null', 'parent_account_id': 'parent_account_id is not null'},
        'opportunities': {
            'closed_on': closed, 'loss_reason': lost, 'next_step': 'not coalesce(' ~ closed ~ ', false)',
            'external_id': 'external_id is not null',
        },
        'reps': {'left_on': 'left_on is not null'},
    }.get(object, {})) }}
{%- endmacro %}

{# One row per source system and column of a relation: how many rows there are, in how many it is filled, to how many it
   applies, and in how many of these it is filled. Lineage columns are left out: they are filled by construction. #}
{% macro column_completeness(relation, object) %}
    {%- set conditions = conditional_columns(object) -%}
    select
        source_system,
        '{{ object }}' as object,
        column_name,
        row_count,
        filled_count,
        {% if conditions -%}
            case column_name
                {% for column in conditions %}when '{{ column }}' then applies_to_{{ column }} {% endfor %}
                else row_count
            end as applicable_count,
            case column_name
                {% for column in conditions %}when '{{ column }}' then filled_where_{{ column }} {% endfor %}
                else filled_count
            end as filled_applicable_count,
        {%- else -%}
            row_count as applicable_count,
            filled_count as filled_applicable_count,
        {%- endif %}
    from (
        unpivot (
            select
                source_system,
                count(*) as row_count,
                {% for column, condition in conditions.items() -%}
                    count(*) filter (where {{ condition }}) as applies_to_{{ column }},
                    count({{ column }}) filter (where {{ condition }}) as filled_where_{{ column }},
                {% endfor -%}
                count(columns(* exclude (source_system, source_id, exported_at, _file_id, _record))),
            from {{ relation }}
            group by source_system
        )
        on columns(* exclude (
            source_system, row_count
            {%- for column in conditions %}, applies_to_{{ column }}, filled_where_{{ column }}{% endfor %}
        ))
        into name column_name value filled_count
    )
{% endmacro %}
