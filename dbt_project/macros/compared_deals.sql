{# What two deal records that may be one have in common: one row per pair of the CTE candidates, by the CTE records. #}
{% macro compared_deals() %}
    select
        candidates.*,
        candidates.evidence in ('near_amount', 'same_day') as is_by_likeness,
        one.source_system,
        other.source_system as other_system,
        one.source_system <> other.source_system as is_across_systems,
        coalesce(one.customer_id = other.customer_id, false) as is_same_customer,
        abs(one.amount_base - other.amount_base)
        / nullif(greatest(abs(one.amount_base), abs(other.amount_base)), 0) as amount_difference_share,
        abs(date_diff('day', one.created_on, other.created_on)) as days_between_created,
        abs(date_diff('day', one.closed_on, other.closed_on)) as days_between_closed,
        greatest(
            jaro_winkler_similarity(one.title, other.title),
            case when list_sort(one.words) = list_sort(other.words) then 1 end,
            -- A title with the customer's name or the word project added is still that title.
            case
                when length(one.title) >= 6 and contains(other.title, one.title)
                    then 0.9 + 0.1 * length(one.title) / length(other.title)
                when length(other.title) >= 6 and contains(one.title, other.title)
                    then 0.9 + 0.1 * length(other.title) / length(one.title)
            end
        ) as title_similarity,
        -- One deal cannot have been both won and lost, nor carry two ids of one other system.
        (one.stage_type = 'won' and other.stage_type = 'lost')
        or (one.stage_type = 'lost' and other.stage_type = 'won') as is_contradictory_ending,
        coalesce(one.external_id <> other.external_id, false) as has_other_external_id,
        one.stage_type = 'won' and other.stage_type = 'won' as is_won_twice,
        abs(date_diff('day', one.won_on, other.won_on)) as days_between_won,
        -- What was created when the first had been won or lost is the next order or the next attempt, not typed again;
        -- but a short deal that was lost twice within days is.
        not (one.stage_type = 'lost' and other.stage_type = 'lost')
        and greatest(one.created_on, other.created_on) >= least(one.closed_on, other.closed_on) as is_the_next_one,
        one.words,
        other.words as words_of_other,
        contains(one.title, other.title) or contains(other.title, one.title) as is_title_contained,
        one.title_marks <> other.title_marks as has_other_marks,
        -- The customer's name stands in front of a title; what stands behind it is another site or another part.
        list_sort(one.words) = list_sort(other.words)
        or suffix(array_to_string(one.words, ''), array_to_string(other.words, ''))
        or suffix(array_to_string(other.words, ''), array_to_string(one.words, '')) as is_same_title,
        -- Phase 1 and phase 2 are alike in every letter but one.
        len(one.title_numbers) > 0
        and len(other.title_numbers) > 0
        and one.title_numbers <> other.title_numbers as has_other_numbers,
    from candidates
    inner join records as one using (record_id)
    inner join records as other on candidates.other_id = other.record_id
{% endmacro %}
