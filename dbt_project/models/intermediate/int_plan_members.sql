-- One row per level and word that a plan or a submission may write for a member of it: the member it means.
with

reps as (select * from {{ ref('int_reps') }}),

region_words as (
    select
        'region' as level,
        lower(trim(word)) as word,
        region as member,
    from {{ ref('regions') }}
),

rep_words as (
    select
        lower(trim(rep_name)) as word,
        rep_id,
    from reps
    union
    select
        lower(rep_id),
        rep_id,
    from reps
    union
    select
        lower(trim(rep_source_id)),
        rep_id,
    from {{ ref('int_rep_lookup') }}
    where not starts_with(rep_source_id, 'name:')
),

-- A word that two reps share, such as a common name, means neither.
unique_rep_words as (
    select
        'rep' as level,
        word,
        any_value(rep_id) as member,
    from rep_words
    where word <> ''
    group by word
    having count(distinct rep_id) = 1
),

final as (
    select * from region_words
    union all
    select * from unique_rep_words
)

select * from final
