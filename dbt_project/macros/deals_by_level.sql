{#
  Each row of `deals` once for the company, once for its team and once for its rep, under level and member: the levels on
  which the probabilities of people are judged.
#}
{% macro deals_by_level(deals) -%}
    select 'total' as level, '' as member, * from {{ deals }}
    union all
    select 'team', team, * from {{ deals }}
    union all
    select 'rep', rep, * from {{ deals }}
{%- endmacro %}
