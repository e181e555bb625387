-- One row per pair of customer records that matching compared: the weight of each field in bits, and what came of it.
{% set fields = match_fields() %}
with

records as (select record_no, source_system, source_id, account_name from {{ ref('mtc_records') }}),

customers as (select * from {{ source('resolved', 'customer_map') }}),

final as (
    select
        l.source_system as source_system_l,
        l.source_id as source_id_l,
        l.account_name as account_name_l,
        customers_l.customer_id as customer_id_l,
        r.source_system as source_system_r,
        r.source_id as source_id_r,
        r.account_name as account_name_r,
        customers_r.customer_id as customer_id_r,
        customers_l.customer_id = customers_r.customer_id as is_same_customer,
        pairs.rule,
        pairs.name_level,
        {% for field in fields -%}
            cast(pairs.{{ field.name }}_bits as double) as {{ field.name }}_bits,
        {% endfor -%}
        cast(pairs.prior_bits as double) as prior_bits,
        cast(pairs.guard_bits as double) as guard_bits,
        cast(pairs.score_bits as double) as score_bits,
    from {{ ref('mtc_pairs') }} as pairs
    inner join records as l on pairs.record_no_l = l.record_no
    inner join records as r on pairs.record_no_r = r.record_no
    left join customers as customers_l
        on l.source_system = customers_l.source_system and l.source_id = customers_l.source_id
    left join customers as customers_r
        on r.source_system = customers_r.source_system and r.source_id = customers_r.source_id
)

select * from final
