{# Customers with the tiers of which any condition holds, and which condition: `reached_by` is null where none does.
   The relation needs tier_basis, amount_12m, is_strategic and activity_count_90d. The first tier in tier_order counts. #}
{% macro reached_tier(customers, tiers) -%}
    case
        when {{ customers }}.amount_12m > {{ tiers }}.revenue_12m_from then {{ customers }}.tier_basis
        when {{ customers }}.amount_12m = {{ tiers }}.revenue_12m_from and {{ tiers }}.is_from_inclusive
            then {{ customers }}.tier_basis
        when {{ customers }}.is_strategic and {{ tiers }}.is_strategic_enough then 'strategic_partner'
        when {{ customers }}.activity_count_90d >= {{ tiers }}.min_contacts_90d then 'frequent_contact'
        when {{ tiers }}.revenue_12m_from is null then 'below_thresholds'
    end
{%- endmacro %}
