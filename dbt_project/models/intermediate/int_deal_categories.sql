-- One row per open or won deal: its forecast category, from the system's own word, else by its stage.
with

deals as (select * from {{ ref('opportunities') }}),

words as (select * from {{ ref('forecast_category_words') }}),

by_stage as (select * from {{ ref('stage_categories') }}),

-- An open deal that its system calls closed is one that was just reopened: its stage says what it is.
final as (
    select
        deals.opportunity_id,
        case
            when deals.is_won then 'closed'
            when words.category_code <> 'closed' then words.category_code
            when words.category_code is null and nullif(trim(deals.forecast_category), '') is not null then 'unmapped'
            else coalesce(by_stage.category_code, 'unmapped')
        end as category_code,
        deals.is_open
        and (nullif(trim(deals.forecast_category), '') is null or coalesce(words.category_code = 'closed', false))
        and by_stage.category_code is not null as is_by_stage,
    from deals
    left join words on {{ same_word('deals.forecast_category', 'words.word') }}
    left join by_stage on deals.stage_code = by_stage.stage_code
    where deals.is_open or deals.is_won
)

select * from final
