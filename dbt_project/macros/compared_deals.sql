{# Comparison of two deal records that may be the same deal: one row per pair of the CTE candidates, by the CTE records. #}
{% macro compared_deals() %}
    select
        candidates.*,
        candidates.evidence in ('near_amount', 'same_day') as is_by_similarity,
        l.source_system,
        r.source_system as other_system,
        l.source_system <> r.source_system as is_across_systems,
        coalesce(l.customer_id = r.customer_id, false) as is_same_customer,
        abs(l.amount_base - r.amount_base)
        / nullif(greatest(abs(l.amount_base), abs(r.amount_base)), 0) as amount_difference_share,
        abs(date_diff('day', l.created_on, r.created_on)) as days_between_created,
        abs(date_diff('day', l.closed_on, r.closed_on)) as days_between_closed,
        greatest(
            jaro_winkler_similarity(l.title, r.title),
            case when list_sort(l.words) = list_sort(r.words) then 1 end,
            -- A title with the customer's name or the word project added is still that title.
            case
                when length(l.title) >= 6 and contains(r.title, l.title)
                    then 0.9 + 0.1 * length(l.title) / length(r.title)
                when length(r.title) >= 6 and contains(l.title, r.title)
                    then 0.9 + 0.1 * length(r.title) / length(l.title)
            end
        ) as title_similarity,
        -- One deal cannot have been both won and lost, nor carry two ids of one other system.
        (l.stage_type = 'won' and r.stage_type = 'lost')
        or (l.stage_type = 'lost' and r.stage_type = 'won') as is_contradictory_ending,
        coalesce(l.external_id <> r.external_id, false) as has_other_external_id,
        l.stage_type = 'won' and r.stage_type = 'won' as is_won_twice,
        abs(date_diff('day', l.won_on, r.won_on)) as days_between_won,
        -- A deal created after the first was won or lost is the next order or the next attempt, not a duplicate;
        -- but a short deal that was lost twice within days is one.
        not (l.stage_type = 'lost' and r.stage_type = 'lost')
        and greatest(l.created_on, r.created_on) >= least(l.closed_on, r.closed_on) as is_next_deal,
        l.words as words_l,
        r.words as words_r,
        contains(l.title, r.title) or contains(r.title, l.title) as is_title_contained,
        l.title_marks <> r.title_marks as has_other_marks,
        -- A prefix is the customer's name; a suffix names another site or another part.
        list_sort(l.words) = list_sort(r.words)
        or suffix(array_to_string(l.words, ''), array_to_string(r.words, ''))
        or suffix(array_to_string(r.words, ''), array_to_string(l.words, '')) as is_same_title,
        -- Phase 1 and phase 2 differ in one character only.
        len(l.title_numbers) > 0
        and len(r.title_numbers) > 0
        and l.title_numbers <> r.title_numbers as has_other_numbers,
    from candidates
    inner join records as l using (record_id)
    inner join records as r on candidates.other_id = r.record_id
{% endmacro %}
