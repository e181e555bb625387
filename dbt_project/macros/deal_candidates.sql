{#
  CTEs `records` and `candidates`: the deal records that count, and the pairs of them that some evidence brings
  together (a shared external id, an id that names the other, a near amount of the same customer). Needs a CTE `rules`.
#}
{% macro deal_candidates() -%}
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
)
{%- endmacro %}
