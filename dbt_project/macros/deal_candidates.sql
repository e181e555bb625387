{#
  CTEs `records` and `candidates`: the deal records that count, and the pairs of them that some evidence brings
  together (a shared external id, an id that names the other, a near amount of the same customer,
  its title and day where an amount is missing). Needs a CTE `rules`.
#}
{% macro deal_candidates() -%}
-- Two amounts within the widest tolerance of any rule fall into the same bucket or into neighbours. A tolerance of 0
-- still needs a width.
bucket as (
    select -ln(1 - max(max_amount_difference_share)) * 1.001 + 1e-9 as width
    from rules
),

worded_records as materialized (
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
        -- A closing day taken from the last change says when somebody looked, not when the deal was closed.
        case when stage_type = 'won' and coalesce(closed_on_source, '') <> 'updated_at' then closed_on end as won_on,
        nullif(array_to_string(title_words, ''), '') as title,
        -- Words that say no more than that this is a deal.
        list_filter(
            title_words,
            lambda word: word not in ('项目', '工程', '商机', 'project', 'deal', 'opportunity', 'the', 'for', 'of', 'and', 'in')
        ) as words,
        list_sort(list_filter(title_words, lambda word: regexp_matches(word, '^[0-9]+$'))) as title_numbers,
        list_sort(list_filter(title_words, lambda word: regexp_matches(word, '^([0-9]+|[a-z])$'))) as title_marks,
        case when amount_base > 0 then cast(floor(ln(amount_base) / bucket.width) as bigint) end as amount_bucket,
    from worded_records
    cross join bucket
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
    union
    -- Where an amount is missing the title and the day must be the same to the letter.
    select 'same_day' as evidence, one.record_id, other.record_id as other_id
    from records as one
    inner join records as other
        on one.customer_id = other.customer_id
        and one.title = other.title
        and one.created_on = other.created_on
        and one.record_id < other.record_id
    where
        -- Nobody books a won deal without its money and keeps the money at an open one: then both are kept for judgement.
        (one.has_amount + other.has_amount = 0)
        or (one.has_amount < other.has_amount and (one.stage_type <> 'won' or other.stage_type = 'won'))
        or (one.has_amount > other.has_amount and (other.stage_type <> 'won' or one.stage_type = 'won'))
)
{%- endmacro %}
