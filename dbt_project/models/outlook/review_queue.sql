-- One row per question that a person has to decide. Ids are stable, so decisions hold in all later runs.
with

run as (select * from {{ source('control', 'run') }}),

decisions as (select * from {{ ref('review_decisions') }}),

rules as (select * from {{ ref('review_rules') }}),

items as (
    select
        'forecast_deviation' as kind,
        subject || '|' || happened_on as subject,
        message as question,
        value as priority,
        null as suggested_owner,
        to_json({ 'relative_deviation': value, 'threshold': threshold, 'severity': severity }) as evidence,
        {{ period_end("regexp_extract(subject, '[^|]+$')", 'happened_on') }} + 1 as opened_on,
        null as decision,
        null as decided_on,
    from {{ ref('alerts') }}
    where kind = 'forecast_deviation'
    union all
    select kind, subject, question, priority, suggested_owner, evidence, opened_on, null, null
    from {{ ref('int_deal_questions') }}
    union all
    select kind, subject, question, priority, null, evidence, opened_on, decision, decided_on
    from {{ ref('int_customer_questions') }}
),

identified as (
    select
        md5(kind || '|' || subject) as review_id,
        *,
    from items
),

reps as (
    select rep_name, max(coalesce(is_active, true)) as is_active, from {{ ref('reps') }}
    group by rep_name
),

-- Who has left decides nothing any more: the item goes to the owner that the rule of its kind names.
final as (
    select
        identified.review_id,
        identified.kind,
        identified.subject,
        identified.question,
        if(identified.decision is not null, 'closed', coalesce(decisions.status, 'open')) as status,
        coalesce(decisions.owner, if(reps.is_active, reps.rep_name, null), rules.default_owner) as owner,
        case
            when decisions.owner is not null then 'decision'
            when reps.is_active then 'deal_owner'
            when rules.default_owner is not null then 'rule'
        end as owner_source,
        coalesce(decisions.reason, identified.decision) as reason,
        decisions.decided_by,
        coalesce(decisions.decided_on, identified.decided_on) as decided_on,
        coalesce(identified.opened_on, run.as_of) as opened_on,
        coalesce(identified.opened_on, run.as_of) + cast(rules.due_days as integer) as due_on,
        identified.decision is null and coalesce(decisions.status, 'open') = 'open'
        and coalesce(due_on < run.as_of, false) as is_overdue,
        coalesce(identified.priority, 0) as priority,
        cast(identified.evidence as varchar) as evidence,
        run.as_of,
    from identified
    cross join run
    left join decisions using (review_id)
    left join rules on identified.kind = rules.kind
    left join reps on identified.suggested_owner = reps.rep_name
)

select * from final
