-- One row per pair of deal records that a rule of deal_duplicate_rules classes as the same deal, with the evidence.
with

rules as (select * from {{ ref('deal_duplicate_rules') }}),

{{ deal_records() }},

{{ deal_candidates() }},

compared as ({{ compared_deals() }}),

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
        not compared.is_by_similarity
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
                    or coalesce(compared.is_next_deal, compared.is_won_twice)
                )
            )
        )
),

-- Berlin and Bremen, 东区 and 西区: each title has a word that the other lacks.
different_titles as (
    select record_id, other_id
    from matching
    where
        is_by_similarity
        and not is_title_contained
        and len(
            {{ unmatched_words('words_l', 'words_r') }}
        ) > 0
        and len(
            {{ unmatched_words('words_r', 'words_l') }}
        ) > 0
),

final as (
    select
        * exclude (
            is_contradictory_ending, has_other_external_id, has_other_numbers, has_other_marks, is_same_title,
            is_title_contained, is_won_twice, days_between_won, is_next_deal, words_l, words_r, is_by_similarity, evidence
        ),
    from matching
    where not is_by_similarity or (record_id, other_id) not in (select (record_id, other_id) from different_titles)
    qualify row_number() over (partition by record_id, other_id order by rule_order) = 1
)

select * from final
