-- One row per question that a person has to decide. Ids are stable, so decisions hold in all later runs.
with

run as (select * from {{ source('control', 'run') }}),

decisions as (select * from {{ ref('review_decisions') }}),

rules as (select * from {{ ref('review_rules') }}),

-- People decide about customers in match_overrides; the question leaves customer_reviews then, and its answer stays here.
decided_pairs as (
    {{ match_decisions() }}
),

-- A record is known since the first run that gave it a customer id: runs keep that log.
known as (
    select source_system, source_id, min(as_of) as known_on from {{ ref('customer_events') }}
    group by source_system, source_id
),

names as (
    select records.source_system, records.source_id, records.account_name, known.known_on,
    from {{ ref('stg_account_records') }} as records
    left join known using (source_system, source_id)
),

deals as (select * from {{ ref('opportunities') }}),

-- Matched by a rule, yet counted as two deals: their cluster was split, or each has a better match.
deal_pairs as (
    select
        pairs.*,
        deals_l.opportunity_name as title_l,
        deals_r.opportunity_name as title_r,
        least(deals_l.amount_base, deals_r.amount_base) as amount_base,
        deals_l.rep_name,
        greatest(deals_l.created_on, deals_r.created_on) as opened_on,
    from {{ ref('int_opportunity_pairs') }} as pairs
    inner join deals as deals_l on pairs.record_id = deals_l.opportunity_id
    inner join deals as deals_r on pairs.other_id = deals_r.opportunity_id
),

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
    select
        'duplicate_deal',
        record_id || '|' || other_id,
        'Are "' || coalesce(title_l, record_id) || '" and "' || coalesce(title_r, other_id) || '" one deal?',
        cast(amount_base as double),
        rep_name,
        to_json({
            'rule': rule, 'title_similarity': title_similarity, 'amount_difference_share': amount_difference_share,
            'days_between_created': days_between_created
        }),
        opened_on, null, null,
    from deal_pairs
    union all
    select
        'same_customer',
        source_system_l || '|' || source_id_l || '|' || source_system_r || '|' || source_id_r,
        case
            when kind = 'unknown_record' then 'Which record was meant? ' || reason
            else
                'Are "' || coalesce(account_name_l, source_id_l) || '" and "' || coalesce(account_name_r, source_id_r)
                || '" one customer?'
        end,
        cast(amount_at_stake_base as double),
        null,
        to_json({ 'kind': kind, 'reason': reason, 'score_bits': score_bits }),
        greatest(l.known_on, r.known_on), null, null,
    from {{ ref('customer_reviews') }} as reviews
    left join names as l on reviews.source_system_l = l.source_system and reviews.source_id_l = l.source_id
    left join names as r on reviews.source_system_r = r.source_system and reviews.source_id_r = r.source_id
    union all
    select
        'same_customer',
        record_l || '|' || record_r,
        'Are "' || coalesce(l.account_name, source_id_l) || '" and "' || coalesce(r.account_name, source_id_r)
        || '" one customer?',
        null, null, null,
        greatest(l.known_on, r.known_on),
        decision || ' by ' || decision_note,
        decided_on,
    from decided_pairs
    inner join names as l on decided_pairs.source_system_l = l.source_system and decided_pairs.source_id_l = l.source_id
    inner join names as r on decided_pairs.source_system_r = r.source_system and decided_pairs.source_id_r = r.source_id
    anti join {{ ref('customer_reviews') }} as still_asked
        on
        decided_pairs.source_system_l = still_asked.source_system_l
        and decided_pairs.source_id_l = still_asked.source_id_l
        and decided_pairs.source_system_r = still_asked.source_system_r
        and decided_pairs.source_id_r = still_asked.source_id_r
    union all
    select
        'contradictory_status',
        opportunity_id,
        'Is "' || coalesce(opportunity_name, opportunity_id)
        || '" open, as its status says, or closed, as its stage says?',
        cast(amount_base as double),
        rep_name,
        to_json({ 'stage_code': stage_code, 'closed_on': closed_on }),
        cast(exported_at as date), null, null,
    from deals
    where has_contradictory_status
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
