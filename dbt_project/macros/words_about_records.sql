{#- Text without blanks around it: people type them, and spreadsheets add some that nobody sees. -#}
{%- macro bare(column) -%}
    nullif(regexp_replace({{ column }}, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'), '')
{%- endmacro -%}

{#- What people said of two records, as far as this run may know: the newest word about each pair. -#}
{%- macro words_about_records() -%}
    select
        words.*,
        words.source_system_l || '|' || words.source_id_l as one,
        words.source_system_r || '|' || words.source_id_r as other,
    from (
        select
            {{ bare('source_system_l') }} as source_system_l,
            {{ bare('source_id_l') }} as source_id_l,
            {{ bare('source_system_r') }} as source_system_r,
            {{ bare('source_id_r') }} as source_id_r,
            lower({{ bare('decision') }}) as decision,
            decided_on,
            coalesce({{ bare('decided_by') }}, 'someone')
            || coalesce(' on ' || decided_on, '')
            || coalesce(': ' || {{ bare('reason') }}, ', without a reason') as said,
        from {{ ref('match_overrides') }}
    ) as words
    cross join {{ source('control', 'run') }} as run
    where
        (run.known_at is null or words.decided_on <= run.known_at)
        and one is not null and other is not null
    qualify
        row_number() over (
            partition by least(one, other), greatest(one, other) order by words.decided_on desc, words.decision
        ) = 1
{%- endmacro -%}
