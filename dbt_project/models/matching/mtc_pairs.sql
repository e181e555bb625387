-- One row per compared pair of records: the bits of every field, the prior, and their sum, the score. A score above 0
-- says that one customer is likelier than two; the bits shown always sum to it.
{{ config(materialized='view') }}
{% set fields = match_fields() %}
with rules as (select rule_no, rule from {{ ref('mtc_capped_blocks') }}),

evidence as (
    select
        *,
        {{ 'tax_id_bits phone_bits email_bits address_bits place_bits birth_date_bits'.split() | join(' > 1 or ') }} > 1
            as has_second_field,
    from {{ ref('mtc_evidence') }}
),

-- equal names alone make no person: what the name says beyond even odds is taken back
guarded_pairs as (
    select
        evidence.*,
        prior.prior_bits,
        case
            when evidence.kind = 'person' and not evidence.has_second_field
                and evidence.field_bits + prior.prior_bits > -6
                then cast(-6 - evidence.field_bits - prior.prior_bits as decimal(9, 3))
            else cast(0 as decimal(9, 3))
        end as guard_bits,
    from evidence
    cross join {{ ref('mtc_prior') }} as prior
)

select
    record_no_l,
    record_no_r,
    rule,
    kind,
    {% for field in fields -%}
    {{ field.name }}_level,
    {{ field.name }}_bits,
    {% endfor -%}
    prior_bits,
    guard_bits,
    field_bits + prior_bits + guard_bits as score_bits,
from guarded_pairs
left join rules using (rule_no)
