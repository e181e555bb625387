-- One row per pair of deal records that a rule of deal_duplicate_rules takes for the same deal, with the evidence.
with

rules as (select * from {{ ref('deal_duplicate_rules') }}),

{{ deal_candidates() }},

compared as (
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
),

matching as (
    select
        compared.*,
        rules.rule,
        rules.rule_order,
    from compared
    inner join rules
        on compared.evidence = rules.evidence
        and case when compared.is_across_systems then rules.across_systems else rules.within_system end
        and (compared.is_same_customer or not rules.same_customer)
        and coalesce(
            compared.amount_difference_share <= rules.max_amount_difference_share,
            rules.max_amount_difference_share is null
        )
        and coalesce(
            compared.days_between_created <= rules.max_days_between_created,
            rules.max_days_between_created is null
        )
        and coalesce(compared.title_similarity >= rules.min_title_similarity, rules.min_title_similarity is null)
    where
        not compared.is_by_likeness
        or not (
            compared.is_contradictory_ending
            or coalesce(compared.has_other_numbers, false)
            or coalesce(compared.days_between_won > rules.max_days_between_won, false)
            or coalesce(
                compared.days_between_closed > greatest(rules.max_days_between_created, rules.max_days_between_won),
                false
            )
            or (
                not compared.is_across_systems
                and (
                    compared.has_other_external_id
                    or compared.has_other_marks
                    or not compared.is_same_title
                    or coalesce(compared.is_the_next_one, compared.is_won_twice)
                )
            )
        )
),

-- Berlin and Bremen, 东区 and 西区: each title names something that the other does not.
other_words as (
    select record_id, other_id
    from matching
    where
        is_by_likeness
        and not is_title_contained
        and len(
            {{ own_words('words', 'words_of_other') }}
        ) > 0
        and len(
            {{ own_words('words_of_other', 'words') }}
        ) > 0
),

final as (
    select
        * exclude (
            is_contradictory_ending, has_other_external_id, has_other_numbers, has_other_marks, is_same_title,
            is_title_contained, is_won_twice, days_between_won, is_the_next_one, words, words_of_other, is_by_likeness, evidence
        ),
    from matching
    where not is_by_likeness or (record_id, other_id) not in (select (record_id, other_id) from other_words)
    qualify row_number() over (partition by record_id, other_id order by rule_order) = 1
)

select * from final
