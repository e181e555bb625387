{# CTE `records`: the deal records that count, with the words of their titles, as `compared_deals` compares them. #}
{% macro deal_records() -%}
titled_records as materialized (
    select
        *,
        {{ title_words('opportunity_name') }} as title_words,
    from {{ ref('int_opportunity_records') }}
    where stage_type <> 'void'
),

records as materialized (
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
        cast(coalesce(amount_base, 0) <> 0 as integer) as has_amount,
        -- A closing day taken from the last change is the day of an edit, not the day the deal was closed.
        case when stage_type = 'won' and coalesce(closed_on_source, '') <> 'updated_at' then closed_on end as won_on,
        nullif(array_to_string(title_words, ''), '') as title,
        -- Without words that every deal title may have.
        list_filter(
            title_words,
            lambda word: word not in (
                '项目', '工程', '商机', 'project', 'deal', 'opportunity', 'the', 'for', 'of', 'and', 'in'
            )
        ) as words,
        list_sort(list_filter(title_words, lambda word: regexp_matches(word, '^[0-9]+$'))) as title_numbers,
        list_sort(list_filter(title_words, lambda word: regexp_matches(word, '^([0-9]+|[a-z])$'))) as title_marks,
    from titled_records
)
{%- endmacro %}


{#
  CTE `candidates`: the pairs of deal records to compare, by evidence: a shared external id, an id that names the other
  record, a near amount of the same customer, or its title and day where an amount is missing. Needs the CTEs `records`
  and `rules`.
#}
{% macro deal_candidates() -%}
-- Two amounts within the widest tolerance of any rule fall into the same bucket or into neighbours. A tolerance of 0
-- still needs a width.
bucket as (
    select -ln(1 - max(max_amount_difference_share)) * 1.001 + 1e-9 as width
    from rules
),

bucketed as materialized (
    select
        records.record_id,
        records.customer_id,
        cast(floor(ln(records.amount_base) / bucket.width) as bigint) as amount_bucket,
    from records
    cross join bucket
    where records.amount_base > 0
),

-- An id that names many deals is a placeholder such as 0 or n/a.
specific_external_ids as (
    select external_id
    from records
    group by external_id
    having count(*) <= {{ var('max_deals_per_external_id', 20) }}
),

candidates as (
    select 'shared_external_id' as evidence, l.record_id, r.record_id as other_id
    from records as l
    inner join records as r on l.external_id = r.external_id and l.record_id < r.record_id
    where l.external_id in (select external_id from specific_external_ids)
    union
    select
        'names_the_other' as evidence,
        least(l.record_id, r.record_id) as record_id,
        greatest(l.record_id, r.record_id) as other_id,
    from records as l
    inner join records as r
        on l.external_id = r.source_deal_id
        and l.source_system <> r.source_system
    where l.external_id in (select external_id from specific_external_ids)
    union
    select 'near_amount' as evidence, l.record_id, r.record_id as other_id
    from (select *, unnest([amount_bucket - 1, amount_bucket, amount_bucket + 1]) as near_bucket from bucketed) as l
    inner join bucketed as r
        on l.customer_id = r.customer_id
        and l.near_bucket = r.amount_bucket
        and l.record_id < r.record_id
    union
    -- Where an amount is missing the title and the day must be the same to the letter.
    select 'same_day' as evidence, l.record_id, r.record_id as other_id
    from records as l
    inner join records as r
        on l.customer_id = r.customer_id
        and l.title = r.title
        and l.created_on = r.created_on
        and l.record_id < r.record_id
    where
        -- A won record without an amount does not replace an open one that has the amount: both are kept for review.
        (l.has_amount + r.has_amount = 0)
        or (l.has_amount < r.has_amount and (l.stage_type <> 'won' or r.stage_type = 'won'))
        or (l.has_amount > r.has_amount and (r.stage_type <> 'won' or l.stage_type = 'won'))
)
{%- endmacro %}
