-- One row per field with a list, source system and word in it: how often it stands there, and whether the list knows it.
{% set fields = [
    ('accounts', 'region'), ('accounts', 'industry'), ('opportunities', 'region'), ('opportunities', 'channel'),
    ('opportunities', 'deal_type'), ('opportunities', 'loss_reason'), ('opportunities', 'forecast_category'),
    ('opportunities', 'stage_source'), ('activities', 'activity_type'), ('contact_roles', 'role'),
    ('tickets', 'category'), ('tickets', 'priority'),
] %}
with

words as (
    {% for object, column in fields %}
        select
            '{{ object }}' as object,
            '{{ column }}' as column_name,
            source_system,
            trim({{ column }}) as word,
            count(*) as row_count,
        from {{ ref('stg_' ~ object) }}
        where nullif(trim({{ column }}), '') is not null
        group by all
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

lists as (
    select object, column_name, word from {{ ref('picklist_values') }}
    union
    select object, 'region', unnest([lower(word), lower(region)]) from {{ ref('regions') }}
    cross join (select unnest(['accounts', 'opportunities']) as object)
    union
    select 'opportunities', 'forecast_category', lower(word) from {{ ref('forecast_category_words') }}
    union
    select 'activities', 'activity_type', lower(word) from {{ ref('activity_words') }}
    union
    select 'contact_roles', 'role', lower(word) from {{ ref('contact_role_words') }}
    union
    select 'opportunities', 'stage_source', lower(word) from {{ ref('stage_words') }}
),

listed_fields as (select distinct object, column_name, from lists),

-- Industries are found by a key of their own, as a word may stand for several or bring an ending along.
judged as (
    select
        words.*,
        case
            when words.column_name = 'industry'
                then coalesce(whole_industry.industry_code, first_industry.industry_code) is not null
            when listed_fields.object is not null then lists.word is not null
        end as is_listed,
    from words
    left join listed_fields using (object, column_name)
    left join lists
        on
        words.object = lists.object and words.column_name = lists.column_name
        and lower(words.word) = lists.word
    {{ join_industry_codes('words.word') }}
),

final as (
    select
        object,
        column_name,
        source_system,
        word,
        row_count,
        is_listed,
        cast(sum(row_count) over field as bigint) as filled_count,
        cast(sum(row_count) filter (where not is_listed) over field as bigint) as outside_count,
        coalesce(outside_count, 0) / filled_count as outside_rate,
    from judged
    window field as (partition by object, column_name, source_system)
)

select
    * replace (
        if(is_listed is null, null, coalesce(outside_count, 0)) as outside_count,
        if(is_listed is null, null, outside_rate) as outside_rate
    )
from final
