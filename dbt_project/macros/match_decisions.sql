{#- Trimmed text, including the invisible blanks that spreadsheets add. -#}
{%- macro trim_blanks(column) -%}
    nullif(regexp_replace({{ column }}, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'), '')
{%- endmacro -%}

{#- The newest decision about each pair of records in match_overrides, as far as this run may know. -#}
{%- macro match_decisions() -%}
    select
        decisions.*,
        decisions.source_system_l || '|' || decisions.source_id_l as record_l,
        decisions.source_system_r || '|' || decisions.source_id_r as record_r,
    from (
        select
            {{ trim_blanks('source_system_l') }} as source_system_l,
            {{ trim_blanks('source_id_l') }} as source_id_l,
            {{ trim_blanks('source_system_r') }} as source_system_r,
            {{ trim_blanks('source_id_r') }} as source_id_r,
            lower({{ trim_blanks('decision') }}) as decision,
            decided_on,
            coalesce({{ trim_blanks('decided_by') }}, 'someone')
            || coalesce(' on ' || decided_on, '')
            || coalesce(': ' || {{ trim_blanks('reason') }}, ', without a reason') as decision_note,
        from {{ ref('match_overrides') }}
    ) as decisions
    cross join {{ source('control', 'run') }} as run
    where
        (run.known_at is null or decisions.decided_on <= run.known_at)
        and record_l is not null and record_r is not null
    qualify
        row_number() over (
            partition by least(record_l, record_r), greatest(record_l, record_r)
            order by decisions.decided_on desc, decisions.decision
        ) = 1
{%- endmacro -%}
