-- One row per question that a person has to decide, or had to: one that is no longer found is closed, with the reason.
-- Ids are stable, so decisions hold in all later runs.
with

run as (select * from {{ source('control', 'run') }}),

asked as (select * from {{ source('control', 'asked_reviews') }}),

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

found as (select *, md5(kind || '|' || subject) as review_id, from items),

-- gone_on: day of the first run that no longer finds what an earlier one has asked about.
identified as (
    select
        found.* replace (coalesce(found.opened_on, asked.opened_on, run.as_of) as opened_on),
        null as gone_on,
    from found
    cross join run
    left join asked using (review_id)
    union all by name
    select
        asked.review_id,
        asked.kind,
        asked.subject,
        asked.question,
        asked.priority,
        if(asked.owner_source = 'deal_owner', asked.owner, null) as suggested_owner,
        asked.opened_on,
        if(asked.event = 'gone', asked.as_of, run.as_of) as gone_on,
    from asked
    cross join run
    anti join found using (review_id)
),

reps as (
    select rep_name, max(coalesce(is_active, true)) as is_active, from {{ ref('reps') }}
    group by rep_name
),

-- Who has left decides nothing any more: the item goes to the owner that the rule of its kind names.
final as (
    select
        identified.* exclude (suggested_owner, evidence, decision, decided_on, gone_on, priority, opened_on),
        case
            when identified.decision is not null or decisions.status = 'closed' then 'decided'
            when identified.gone_on is not null then 'gone'
        end as outcome_code,
        if(outcome_code is null, 'open', 'closed') as status,
        coalesce(decisions.owner, if(reps.is_active, reps.rep_name, null), rules.default_owner) as owner,
        case
            when decisions.owner is not null then 'decision'
            when reps.is_active then 'deal_owner'
            when rules.default_owner is not null then 'rule'
        end as owner_source,
        case outcome_code
            when 'gone' then closings.reason
            else coalesce(decisions.reason, identified.decision)
        end as reason,
        decisions.decided_by,
        coalesce(decisions.decided_on, identified.decided_on) as decided_on,
        identified.opened_on,
        identified.opened_on + cast(rules.due_days as integer) as due_on,
        case outcome_code
            when 'gone' then identified.gone_on
            when 'decided' then coalesce(decisions.decided_on, identified.decided_on)
        end as closed_on,
        outcome_code is null and coalesce(due_on < run.as_of, false) as is_overdue,
        coalesce(identified.priority, 0) as priority,
        cast(identified.evidence as varchar) as evidence,
        run.as_of,
    from identified
    cross join run
    left join {{ ref('review_decisions') }} as decisions using (review_id)
    left join {{ ref('review_rules') }} as rules on identified.kind = rules.kind
    left join {{ ref('review_closings') }} as closings on identified.kind = closings.kind
    left join reps on identified.suggested_owner = reps.rep_name
)

select * from final
