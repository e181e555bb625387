{# The values of one field that several customers share; one field can be counted again without the others. #}
{% macro shared_values(field) -%}
    select
        '{{ field }}' as field,
        value,
        {{ rounded_count('other_count') }} as other_count,
        {{ rounded_count('record_count') if field == 'word' else 'cast(null as double)' }} as record_count,
    from (
        select
            value,
            {{ other_legal_name_count() if field == 'legal_name' else other_customer_count('count(*)', 'system_bit') }} as other_count,
            count(*) as record_count,
        from (
            select systems.system_bit, {{ value_of(field) }} as value
            from {{ ref('mtc_keyed_records') }} as keyed_records
            inner join {{ ref('mtc_systems') }} as systems using (source_system)
            where {{ has_value_of(field) }}
        )
        group by value
        having {{ 'record_count > 1' if field == 'word' else 'other_count > 0' }}
    )
{%- endmacro %}

{# A registered name is next to unique: even two records of it in one system are rather one company entered twice. #}
{% macro other_legal_name_count(n='count(*)') -%} {{ n }} - 2 * count(distinct system_bit) {%- endmacro %}

{% macro value_of(field) -%}
    {%- if field == 'word' -%} unnest(list_distinct(string_split(core, ' ')))
    {%- elif field == 'contact' -%} unnest(contact_keys)
    {%- elif field == 'legal_name' -%} name_key
    {%- else -%} cast({{ field }} as varchar)
    {%- endif -%}
{%- endmacro %}

{% macro has_value_of(field) -%}
    {%- if field == 'word' -%} word_count > 1
    {%- elif field == 'contact' -%} contact_keys is not null
    {%- elif field == 'legal_name' -%} legal_form is not null
    {%- else -%} {{ field }} is not null
    {%- endif -%}
{%- endmacro %}

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
{% macro other_customer_count(n, system_bit) -%}
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

{% macro contact_by_rarity() -%}
    printf('%012.2f', greatest(coalesce(frequencies.other_count, 0), 0.25)) || '|' || people.contact_key
{%- endmacro %}

{# Words in the order of rarity; of equally rare ones the longest, then the alphabet decides. #}
{% macro word_rank() -%}
    (coalesce(frequencies.record_count, 1), -length(words.word), words.word)
{%- endmacro %}

{#
  What the fields of a pair must say for the pair to be kept: less, and under the largest prior that mtc_prior allows
  (ten records to each customer) it would score below -5, a bit below what is put before a person. Half a bit is for the
  roundings. Nine of ten compared pairs of a large company are below, and clusters are no worse without them.
#}
{% macro least_field_bits(record_count) -%}
    log2(greatest({{ record_count }} - 11, 1)) - log2(10) - 5.5
{%- endmacro %}
