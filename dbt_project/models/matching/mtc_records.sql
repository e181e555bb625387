-- One row per customer record, with the keys that records are compared on and how many others share each key.
with keyed_records as (
    select
        records.*,
        coalesce(
            records.reads_like_person or (systems.has_persons and records.legal_form is null), false
        ) as is_person,
        -- what stands before the @ without the words of the name
        regexp_replace(
            regexp_replace(split_part(records.email_key, '@', 1), '[^0-9a-z]', '', 'g'),
            replace(concat_ws(' ', records.core, records.given, records.sound), ' ', '|'), '', 'g'
        ) as beyond_words,
    from {{ ref('mtc_keyed_records') }} as records
    inner join {{ ref('mtc_systems') }} as systems using (source_system)
),

frequencies as (select * from {{ ref('mtc_frequencies') }}),

-- the rarest word of a name of several words identifies it best
words as (
    select record_no, unnest(list_distinct(string_split(core, ' '))) as word from keyed_records
    where not is_person and word_count > 1
),

rarest_words as (
    select
        words.record_no,
        arg_min(words.word, {{ word_rank() }}) as rarest_word,
        arg_min(coalesce(frequencies.other_count, 0), {{ word_rank() }}) as rarest_word_others,
        bit_or({{ word_bit('words.word') }}) as word_mask,
    from words
    left join frequencies on frequencies.field = 'word' and words.word = frequencies.value
    group by all
),

-- '<number of other customers>|<kind>|<key>': the rarest contact person that two records share sorts first
shared_contacts as (
    select
        contacts.record_no,
        list({{ contact_by_rarity() }} order by contacts.contact_key) as contact_keys,
    from (select record_no, unnest(contact_keys) as contact_key from keyed_records) as contacts
    left join frequencies on frequencies.field = 'contact' and contacts.contact_key = frequencies.value
    group by contacts.record_no
),

-- separate from the wide records, so that seventeen joins need not copy them
other_counts as (
    select
        keyed_records.record_no,
        case when keyed_records.legal_form is not null then coalesce(legal_name.other_count, 0) end as legal_name_others,
        {% for key in counted_keys() -%}
            -- never 0: a quarter of a record stands for values that have not occurred twice yet
            case when keyed_records.{{ key }} is not null then coalesce({{ key }}_values.other_count, 0.25) end
                as {{ key }}_others,
        {% endfor -%}
    from keyed_records
    left join frequencies as legal_name
        on legal_name.field = 'legal_name' and keyed_records.registered_name = legal_name.value
    {% for key in counted_keys() -%}
        left join frequencies as {{ key }}_values
            on {{ key }}_values.field = '{{ key }}'
            and cast(keyed_records.{{ key }} as varchar) = {{ key }}_values.value
    {% endfor -%}
),

final as (
    select
        keyed_records.* exclude (reads_like_person, contact_keys, beyond_words),
        case when keyed_records.is_person then {{ email_beyond_name('keyed_records') }} end as email_beyond_name,
        shared_contacts.contact_keys,
        rarest_words.rarest_word,
        greatest(rarest_words.rarest_word_others, 0.25) as rarest_word_others,
        -- the words of a person's name are not collected: any bit may be set
        case
            when keyed_records.word_count = 1 then {{ word_bit('keyed_records.core') }}
            else coalesce(rarest_words.word_mask, cast(18446744073709551615 as ubigint))
        end as word_mask,
        other_counts.* exclude (record_no),
    from keyed_records
    left join rarest_words using (record_no)
    left join shared_contacts using (record_no)
    inner join other_counts using (record_no)
)

select * from final
