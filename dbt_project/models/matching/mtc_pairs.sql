-- One row per compared pair of records: the match weight of every field in bits, the prior, and their sum, the score.
-- A score above 0 means that one customer is likelier than two; the bits always sum to it.
{{ config(materialized='view') }}
{% set fields = match_fields() %}
with rules as (select rule_no, rule from {{ ref('mtc_capped_blocks') }}),

evidence as (
    select
        *,
        {{ 'tax_id_bits phone_bits email_bits address_bits place_bits birth_date_bits'.split() | join(' > 1 or ') }} > 1
            as has_second_field,
        {{ 'tax_id_bits phone_bits email_bits address_bits birth_date_bits'.split() | join(' > 1 or ') }} > 1
            as has_other_field,
        {{ 'tax_id_bits phone_bits email_bits domain_bits address_bits'.split() | join(' > 1 or ') }} > 1
            as has_other_agreement,
        {{ is_townsman() }} as is_townsman,
        {{ is_other_relative() }} as is_other_relative,
        {{ is_namesake() }} as is_namesake,
    from {{ ref('mtc_evidence') }}
),

-- caps on the score of some pairs, whatever their field bits
capped_pairs as (
    select
        *,
        case
            -- Walk-in, Cash: nobody in particular
            when coalesce(is_nobody, false) and tax_id_bits <= 1 and email_bits <= 1 then -6
            -- equal names alone do not make one person
            when kind = 'person' and not has_second_field then -6
            -- members of a family share much without being one person
            when (is_other_relative or is_namesake) and tax_id_bits <= 1 then 0
            -- a name and a town are what two people of one name share, unless both are rare
            when is_townsman and not has_other_field and field_bits + prior_bits <= {{ least_bits_of_a_townsman() }} then 0
            -- a branch, a country's company or a group shares much with its company but is another customer: to be reviewed
            when name_level = 'other_branch' and tax_id_bits <= 1 then -2
            -- so do sister companies and shops
            when name_level in ('other_place', 'other_number', 'other_country', 'sister_name') and tax_id_bits <= 1 then 0
            -- many companies share the address and telephone of a registered agent
            when name_level = 'other_registered' and {{ 'tax_id_bits email_bits contact_bits'.split() | join(' <= 1 and ') }} <= 1 then 0
            -- what many customers share is nobody's own, however many such values two of them share
            when kind = 'organisation' and name_level in ('other', 'other_registered', 'other_script') and tax_id_bits <= 1
                and fewest_others > {{ most_customers_of_a_value() }} and phone_bits + address_bits <= 1 then 0
            -- a contact person of two companies with different names does not make them one
            when kind = 'organisation' and name_level in ('other', 'other_registered', 'other_script') and contact_bits > 1 and not has_other_agreement then -2
        end as max_score_bits,
    from evidence
    cross join {{ ref('mtc_prior') }}
),

-- the excess over the cap is subtracted
scored_pairs as (
    select
        * exclude (max_score_bits),
        cast(least(coalesce(max_score_bits - field_bits - prior_bits, 0), 0) as decimal(9, 3)) as guard_bits,
    from capped_pairs
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
    -- nothing disagrees, but what agrees is not enough: no evidence for two customers either
    kind = 'organisation' and field_bits + prior_bits < 0 and guard_bits = 0
    and least({% for field in fields %}{{ field.name }}_bits{{ ', ' if not loop.last }}{% endfor %}) >= 0 as is_unproven,
from scored_pairs
left join rules using (rule_no)
