-- One row per pair of deal records of one system and customer that may be one deal entered twice, though no rule takes them
-- for one: a person is asked. One title within days, none won or lost before the other began; the amounts are apart.
with

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('deal_twin_rules') }}),

{{ deal_records() }},

candidates as (
    select 'same_title' as evidence, l.record_id, r.record_id as other_id
    from records as l
    inner join records as r
        on l.customer_id = r.customer_id
        and l.source_system = r.source_system
        and l.record_id < r.record_id
    cross join rules
    where abs(date_diff('day', l.created_on, r.created_on)) <= rules.value['max_days_between_created']
),

compared as ({{ compared_deals() }}),

likely as (
    select compared.*
    from compared
    cross join rules
    anti join {{ ref('int_opportunity_pairs') }} as taken_for_one
        on compared.record_id = taken_for_one.record_id and compared.other_id = taken_for_one.other_id
    where
        compared.is_same_title
        and compared.title_similarity >= rules.value['min_title_similarity']
        and coalesce(compared.amount_difference_share, 0) <= rules.value['max_amount_difference_share']
        and not (
            compared.is_contradictory_ending
            or compared.has_other_external_id
            or compared.has_other_marks
            or coalesce(compared.has_other_numbers, false)
            or coalesce(compared.is_next_deal, false)
        )
),

-- What is counted of a record that another system keeps too is the deal that stands for both.
counted as (
    select
        likely.* exclude (record_id, other_id),
        least(coalesce(dropped_l.survivor_id, likely.record_id), coalesce(dropped_r.survivor_id, likely.other_id))
            as record_id,
        greatest(coalesce(dropped_l.survivor_id, likely.record_id), coalesce(dropped_r.survivor_id, likely.other_id))
            as other_id,
        likely.record_id || '|' || likely.other_id as tie_breaker,
    from likely
    left join {{ ref('int_opportunity_duplicates') }} as dropped_l on likely.record_id = dropped_l.record_id
    left join {{ ref('int_opportunity_duplicates') }} as dropped_r on likely.other_id = dropped_r.record_id
),

final as (
    select
        counted.record_id,
        counted.other_id,
        'entered_twice' as rule,
        counted.title_similarity,
        counted.amount_difference_share,
        counted.days_between_created,
    from counted
    -- what stands for a twin may itself be a pair of a rule: that one is asked about as such
    anti join {{ ref('int_opportunity_pairs') }} as taken_for_one
        on counted.record_id = taken_for_one.record_id and counted.other_id = taken_for_one.other_id
    where counted.record_id <> counted.other_id
    qualify row_number() over (
        partition by counted.record_id, counted.other_id
        order by counted.title_similarity desc, counted.days_between_created, counted.tie_breaker
    ) = 1
)

select * from final
