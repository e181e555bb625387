-- One row per question that a person has to decide. Ids are stable, so decisions hold in all later runs.
with

run as (select * from {{ source('control', 'run') }}),

decisions as (select * from {{ ref('review_decisions') }}),

deals as (select * from {{ ref('opportunities') }}),

-- Matched by a rule, yet counted as two deals: their cluster was split, or each has a better match.
deal_pairs as (
    select
        pairs.*,
        deals_l.opportunity_name as title_l,
        deals_r.opportunity_name as title_r,
        least(deals_l.amount_base, deals_r.amount_base) as amount_base,
        deals_l.rep_name,
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
    from {{ ref('customer_reviews') }}
    union all
    select
        'contradictory_status',
        opportunity_id,
        'Is "' || coalesce(opportunity_name, opportunity_id)
        || '" open, as its status says, or closed, as its stage says?',
        cast(amount_base as double),
        rep_name,
        to_json({ 'stage_code': stage_code, 'closed_on': closed_on }),
    from deals
    where has_contradictory_status
),

identified as (
    select
        md5(kind || '|' || subject) as review_id,
        *,
    from items
),

final as (
    select
        identified.review_id,
        identified.kind,
        identified.subject,
        identified.question,
        coalesce(decisions.status, 'open') as status,
        coalesce(decisions.owner, identified.suggested_owner) as owner,
        decisions.reason,
        decisions.decided_by,
        decisions.decided_on,
        coalesce(identified.priority, 0) as priority,
        cast(identified.evidence as varchar) as evidence,
        run.as_of,
    from identified
    cross join run
    left join decisions using (review_id)
)

select * from final
