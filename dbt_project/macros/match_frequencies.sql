{# Term frequencies: the values of one field that several customers share; each field can be recounted separately. #}
{% macro shared_values(field) -%}
    select
        '{{ field }}' as field,
        value,
        {{ rounded_count('other_count') }} as other_count,
        {{ rounded_count('record_count') if field == 'word' else 'cast(null as double)' }} as record_count,
    from (
        select
            value,
            {{
                other_legal_name_count() if field == 'legal_name' else other_customer_count('count(*)', 'system_bit')
            }} as other_count,
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

{# A registered name is nearly unique: two records of it in one system are more likely one company entered twice. #}
{% macro other_legal_name_count(n='count(*)') -%} {{ n }} - 2 * count(distinct system_bit) {%- endmacro %}

{% macro value_of(field) -%}
    {%- if field == 'word' -%} unnest(list_distinct(string_split(core, ' ')))
    {%- elif field == 'contact' -%} unnest(contact_keys)
    {%- elif field == 'legal_name' -%} registered_name
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

{# The keys with term frequency adjustment: weighed by how many records of other customers share the value. #}
{% macro counted_keys() -%}
    {{ return([
        'sorted_core', 'brand', 'tax_id_key', 'phone_key', 'email_key', 'domain_key', 'address_key', 'postal_key',
        'postal_area', 'city_key', 'industry_key', 'birth_date', 'given', 'surname', 'sound', 'spoken',
    ]) }}
{%- endmacro %}

{#
  How many records of other customers share a value: of n records at most one per system is the same customer. Counting
  all of them would treat a customer with records in five systems as a common name.
#}
{% macro other_customer_count(n, system_bit) -%}
    {{ n }} - bit_count(bit_or(cast(1 as ubigint) << cast({{ system_bit }} as ubigint)))
{%- endmacro %}

{#
  Frequencies are rounded to half a bit beyond 4, the number of records that know a field to an eighth of a bit, the
  prior to a quarter. That is less than the uncertainty of the estimates, and it makes incremental matching exact: a few
  new records leave all other weights unchanged.
#}
{% macro rounded_count(n) -%}
    case when {{ n }} <= 4 then cast({{ n }} as double) else pow(2, round(log2({{ n }}) * 2) / 2) end
{%- endmacro %}

{% macro rounded_total(n) -%}
    pow(2, round(log2({{ n }} + 1) * 8) / 8) - 1
{%- endmacro %}

{% macro contact_by_rarity() -%}
    printf('%012.2f', greatest(coalesce(frequencies.other_count, 0), 0.25)) || '|' || contacts.contact_key
{%- endmacro %}

{# Words in order of rarity; equally rare ones by length, the longest first, then alphabetically. #}
{% macro word_rank() -%}
    (coalesce(frequencies.record_count, 1), -length(words.word), words.word)
{%- endmacro %}

{#
  The field bits a pair needs to be kept: with less, even under the largest prior that mtc_prior allows (ten records per
  customer), it would score below -5, a bit below the lowest score that goes to review. Half a bit is for rounding. Nine
  of ten compared pairs of a large company are below, and clusters are no worse without them.
#}
{% macro min_field_bits(record_count) -%}
    log2(greatest({{ record_count }} - 11, 1)) - log2(10) - 5.5
{%- endmacro %}
