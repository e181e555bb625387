-- One row per question whether two customer records are one: open ones, and those that people have decided.
with

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

final as (
    select
        'same_customer' as kind,
        source_system_l || '|' || source_id_l || '|' || source_system_r || '|' || source_id_r as subject,
        case
            when kind = 'unknown_record' then 'Which record was meant? ' || reason
            else
                'Are "' || coalesce(account_name_l, source_id_l) || '" and "' || coalesce(account_name_r, source_id_r)
                || '" one customer?'
        end as question,
        cast(amount_at_stake_base as double) as priority,
        to_json({ 'kind': kind, 'reason': reason, 'score_bits': score_bits }) as evidence,
        greatest(l.known_on, r.known_on) as opened_on,
        null as decision,
        null as decided_on,
    from {{ ref('customer_reviews') }} as reviews
    left join names as l on reviews.source_system_l = l.source_system and reviews.source_id_l = l.source_id
    left join names as r on reviews.source_system_r = r.source_system and reviews.source_id_r = r.source_id
    union all
    select
        'same_customer',
        record_l || '|' || record_r,
        'Are "' || coalesce(l.account_name, source_id_l) || '" and "' || coalesce(r.account_name, source_id_r)
        || '" one customer?',
        null,
        null,
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
)

select * from final
