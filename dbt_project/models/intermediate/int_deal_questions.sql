-- One row per question about deals that a person has to decide: two that may be one, and one that contradicts itself.
with

deals as (select * from {{ ref('opportunities') }}),

-- Matched by a rule, yet counted as two deals: their cluster was split, or each has a better match. And twins that no rule
-- matches.
pairs as (
    select record_id, other_id, rule, title_similarity, amount_difference_share, days_between_created
    from {{ ref('int_opportunity_pairs') }}
    union all
    select record_id, other_id, rule, title_similarity, amount_difference_share, days_between_created
    from {{ ref('int_opportunity_twins') }}
),

deal_pairs as (
    select
        pairs.*,
        deals_l.opportunity_name as title_l,
        deals_r.opportunity_name as title_r,
        least(deals_l.amount_base, deals_r.amount_base) as amount_base,
        deals_l.rep_name,
        greatest(deals_l.created_on, deals_r.created_on) as opened_on,
    from pairs
    inner join deals as deals_l on pairs.record_id = deals_l.opportunity_id
    inner join deals as deals_r on pairs.other_id = deals_r.opportunity_id
),

final as (
    select
        'duplicate_deal' as kind,
        record_id || '|' || other_id as subject,
        'Are "' || coalesce(title_l, record_id) || '" and "' || coalesce(title_r, other_id) || '" one deal?' as question,
        cast(amount_base as double) as priority,
        rep_name as suggested_owner,
        to_json({
            'rule': rule, 'title_similarity': title_similarity, 'amount_difference_share': amount_difference_share,
            'days_between_created': days_between_created
        }) as evidence,
        opened_on,
    from deal_pairs
    union all
    select
        'contradictory_status',
        opportunity_id,
        'Is "' || coalesce(opportunity_name, opportunity_id)
        || '" open, as its status says, or closed, as its stage says?',
        cast(amount_base as double),
        rep_name,
        to_json({ 'stage_code': stage_code, 'closed_on': closed_on }),
        cast(exported_at as date),
    from deals
    where has_contradictory_status
)

select * from final
