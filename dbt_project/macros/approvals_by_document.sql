{# CTEs `steps` and `approvals`: the steps of approval, and what was decided of each document, by `words` and `run`. #}
{% macro approvals_by_document() -%}
steps as (
    select
        approvals.document_id,
        approvals.decided_at,
        coalesce(words.status_code, if(approvals.status is null, 'pending', 'unmapped')) as status_code,
    from {{ ref('stg_approvals') }} as approvals
    left join words on words.object = 'approvals' and {{ same_word('approvals.status', 'words.word') }}
),

-- An approval names the version or, where each is a record of its own, its id.
approvals as (
    select
        document_id,
        count(*) filter (where status_code = 'approved') as approved_count,
        count(*) filter (where status_code = 'refused') as refused_count,
        count(*) filter (where status_code = 'pending') as pending_count,
        max({{ local_date('decided_at') }}) filter (where status_code = 'approved') as last_approved_on,
    from steps
    cross join run
    group by document_id
)
{%- endmacro %}
