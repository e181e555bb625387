{# The keys whose values are weighed by how many records of other customers share them. #}
{% macro counted_keys() -%}
    {{ return([
        'sorted_core', 'brand', 'tax_id_key', 'phone_key', 'email_key', 'domain_key', 'address_key', 'postal_key',
        'postal_area', 'city_key', 'industry_key', 'birth_date', 'given', 'surname', 'sound',
    ]) }}
{%- endmacro %}

{#
  How many records of other customers share a value: of n records at most one per system is the same customer. Counting
  all of them would make a customer that stands in five systems look like a common name.
#}
{% macro others(n, system_bit) -%}
    {{ n }} - bit_count(bit_or(cast(1 as ubigint) << cast({{ system_bit }} as ubigint)))
{%- endmacro %}

{#
  Frequencies are rounded to half a bit beyond 4, the number of records that know a field to an eighth of a bit, the
  prior to a quarter. That costs less than the estimates themselves are uncertain by, and it is what makes matching
  incremental without a difference: a few new records leave the weight of everything else as it was.
#}
{% macro rounded_count(n) -%}
    case when {{ n }} <= 4 then cast({{ n }} as double) else pow(2, round(log2({{ n }}) * 2) / 2) end
{%- endmacro %}

{% macro rounded_total(n) -%}
    pow(2, round(log2({{ n }} + 1) * 8) / 8) - 1
{%- endmacro %}

{# Words in the order of rarity; of equally rare ones the longest, then the alphabet decides. #}
{% macro word_rank() -%}
    (coalesce(frequencies.record_count, 1), -length(words.word), words.word)
{%- endmacro %}
