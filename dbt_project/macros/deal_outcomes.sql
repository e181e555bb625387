{# How the deals of a group ended so far: counts, days from creation to win, and amount. #}
{% macro deal_outcomes(deals) -%}
    count({{ deals }}.opportunity_id) as deal_count,
    count(*) filter (where {{ deals }}.is_won or {{ deals }}.is_lost) as closed_count,
    count(*) filter (where {{ deals }}.is_won) as won_count,
    median({{ deals }}.sales_cycle_days) filter (where {{ deals }}.is_won) as median_won_days,
    sum({{ deals }}.amount_base) filter (where {{ deals }}.is_won) as won_base,
{%- endmacro %}

{# What came of the leads of a group that name a campaign. #}
{% macro campaign_outcomes(leads) -%}
    count({{ leads }}.campaign_id) as campaign_lead_count,
    count(distinct {{ leads }}.opportunity_id) filter (where {{ leads }}.campaign_id is not null) as campaign_deal_count,
    count(distinct {{ leads }}.opportunity_id) filter (where {{ leads }}.campaign_id is not null and {{ leads }}.is_won)
        as campaign_won_count,
    sum({{ leads }}.amount_base) filter (where {{ leads }}.campaign_id is not null and {{ leads }}.is_won)
        as campaign_won_base,
{%- endmacro %}
