-- One row per field and value that other customers share: how many of them do. Values of one customer have no row.
with records as (
    select keyed_records.*, systems.system_bit
    from {{ ref('mtc_keyed_records') }} as keyed_records
    inner join {{ ref('mtc_systems') }} as systems using (source_system)
),

{% for key in counted_keys() -%}
    {{ key }}_counts as (
        select cast({{ key }} as varchar) as value, {{ others('count(*)', 'system_bit') }} as other_count
        from records
        where {{ key }} is not null
        group by all
        having other_count > 0
    ),

{% endfor -%}

-- a registered name is next to unique: even two records of it in one system are rather one company entered twice
legal_name_counts as (
    select name_key as value, count(*) - 2 * count(distinct system_bit) as other_count from records
    where legal_form is not null
    group by all
    having other_count > 0
),

words as (
    select system_bit, unnest(list_distinct(string_split(core, ' '))) as word from records
    where word_count > 1
),

word_counts as (
    select word as value, {{ others('count(*)', 'system_bit') }} as other_count, count(*) as record_count from words
    group by all
    having record_count > 1
)

{% for key in counted_keys() + ['legal_name'] -%}
    select '{{ key }}' as field, value, {{ rounded_count('other_count') }} as other_count, null as record_count
    from {{ key }}_counts
    union all
{% endfor -%}
select 'word', value, {{ rounded_count('other_count') }}, {{ rounded_count('record_count') }} from word_counts
