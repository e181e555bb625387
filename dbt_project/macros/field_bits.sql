{#
  Match weight of one field in bits: log2(m / u) after Fellegi and Sunter (JASA 64, 1969, 1183-1210). m is the seed's
  match_share; u is random_share or, for a level with term frequency adjustment, the share of the other records that
  have the same value (a rare name weighs more than a common one), but no less than random_share, which also counts as a
  hundred observed records: few records say little about frequencies. Three decimals, so that the sum is exact. The
  lists are those of the wide row of weights in mtc_evidence.
#}
{% macro field_bits(field) -%}
    {%- set no = field ~ '_no' -%}
    case
        when {{ no }} is null then 0
        when {{ field }}_fixed_bits[{{ no }}] is not null then {{ field }}_fixed_bits[{{ no }}]
        else coalesce(cast({{ field }}_match_bits[{{ no }}] - log2(greatest(
            {{ field }}_others * {{ field }}_share_of_one[{{ no }}] + {{ field }}_share_of_hundred[{{ no }}],
            {{ field }}_random_share[{{ no }}]
        )) as decimal(9, 3)), 0)
    end
{%- endmacro %}

{#
  The comparison level of a pair as its index in the list of weights of the field: organisations first, then persons.
  Null where nothing can be compared.
#}
{% macro weight_number(field) -%}
    {%- set numbered = namespace(sql=field.level) -%}
    {%- for level in field.levels -%}
        {%- set numbered.sql = numbered.sql | replace("'" ~ level ~ "'", loop.index) -%}
    {%- endfor -%}
    {%- set is_person = 'l.is_person and r.is_person' -%}
    {%- if field.get('kind') == 'person' -%} case when {{ is_person }} then {{ numbered.sql }} + {{ field.levels | length }} end
    {%- elif field.get('kind') -%} case when not ({{ is_person }}) then {{ numbered.sql }} end
    {%- else -%} {{ numbered.sql }} + case when {{ is_person }} then {{ field.levels | length }} else 0 end
    {%- endif -%}
{%- endmacro %}
