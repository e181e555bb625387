-- One row per pair of deal records that a rule of deal_duplicate_rules takes for the same deal, with the evidence.
with

rules as (select * from {{ ref('deal_duplicate_rules') }}),

-- Two amounts within the widest tolerance of any rule fall into the same bucket or into neighbours.
bucket as (
    select -ln(1 - max(max_amount_difference_share)) * 1.001 as width
    from rules
),

records as (
    select
        record_id,
        source_system,
        source_id,
        source_deal_id,
        external_id,
        customer_id,
        created_on,
        closed_on,
        stage_type,
        amount_base,
        regexp_replace(lower(nfc_normalize(opportunity_name)), '[\s\p{P}\p{S}]', '', 'g') as title,
        list_sort(regexp_extract_all(opportunity_name, '[0-9]+|[一二三四五六七八九十]+期')) as title_numbers,
        case when amount_base > 0 then cast(floor(ln(amount_base) / bucket.width) as bigint) end as amount_bucket,
    from {{ ref('int_opportunity_records') }}
    cross join bucket
    where stage_type <> 'void'
),

-- An id that names many deals is a placeholder such as 0 or n/a.
telling_external_ids as (
    select external_id
    from records
    group by external_id
    having count(*) <= {{ var('max_deals_per_external_id', 20) }}
),

candidates as (
    select 'shared_external_id' as evidence, one.record_id, other.record_id as other_id
    from records as one
    inner join records as other on one.external_id = other.external_id and one.record_id < other.record_id
    where one.external_id in (select external_id from telling_external_ids)
    union
    select
        'names_the_other' as evidence,
        least(one.record_id, other.record_id) as record_id,
        greatest(one.record_id, other.record_id) as other_id,
    from records as one
    inner join records as other
        on one.external_id = other.source_deal_id
        and one.source_system <> other.source_system
    where one.external_id in (select external_id from telling_external_ids)
    union
    select 'near_amount' as evidence, one.record_id, other.record_id as other_id
    from (select *, unnest([amount_bucket - 1, amount_bucket, amount_bucket + 1]) as near_bucket from records) as one
    inner join records as other
        on one.customer_id = other.customer_id
        and one.near_bucket = other.amount_bucket
        and one.record_id < other.record_id
),

compared as (
    select
        candidates.*,
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
        rules.evidence <> 'near_amount'
        or not (
            compared.is_contradictory_ending
            or coalesce(compared.has_other_numbers, false)
            or coalesce(compared.days_between_closed > rules.max_days_between_created, false)
            or (compared.has_other_external_id and not compared.is_across_systems)
        )
),

final as (
    select * exclude (is_contradictory_ending, has_other_external_id, has_other_numbers, evidence)
    from matching
    qualify row_number() over (partition by record_id, other_id order by rule_order) = 1
)

select * from final
