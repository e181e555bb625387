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
        {{ 'tax_id_bits phone_bits email_bits domain_bits address_bits'.split() | join(' > 1 or ') }} > 1
            as is_met_elsewhere,
        {{ is_other_relative() }} as is_other_relative,
    from {{ ref('mtc_evidence') }}
),

-- the most that some pairs may score, whatever their fields say
limits as (
    select
        *,
        case
            -- equal names alone make no person
            when kind = 'person' and not has_second_field then -6
            -- the members of a family share much, and nothing of it says that they are one
            when is_other_relative and tax_id_bits <= 1 then 0
            -- a branch, a country's company or a group shares much with its company, and is another one: to be reviewed
            when name_level = 'other_branch' and tax_id_bits <= 1 then -2
            -- so do sister companies and shops
            when name_level in ('other_place', 'other_number', 'other_country', 'sister_name') and tax_id_bits <= 1 then 0
            -- a registered agent's house and telephone are those of many companies
            when name_level = 'other_registered' and {{ 'tax_id_bits email_bits contact_bits'.split() | join(' <= 1 and ') }} <= 1 then 0
            -- a person who works for two companies of other names does not make them one
            when kind = 'organisation' and name_level in ('other', 'other_registered') and contact_bits > 1 and not is_met_elsewhere then -2
        end as most_bits,
    from evidence
),

-- what the fields say beyond that is taken back
guarded_pairs as (
    select
        limits.* exclude (most_bits),
        prior.prior_bits,
        cast(least(coalesce(limits.most_bits - limits.field_bits - prior.prior_bits, 0), 0) as decimal(9, 3)) as guard_bits,
    from limits
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
