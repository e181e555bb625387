-- One row per deal of new business and member it belongs to, created by as_of. Renewals and repeat orders come of themselves:
-- nobody creates them to close a gap.
with

run as (select * from {{ source('control', 'run') }}),

words as (select * from {{ ref('deal_type_words') }}),

final as (
    select
        members.level,
        members.member,
        deals.opportunity_id,
        deals.created_on,
        deals.stage_type = 'won' as is_won,
        coalesce(
            deals.stage_type = 'won' and deals.closed_on > run.as_of - interval 1 year and deals.closed_on <= run.as_of, false
        ) as is_won_recently,
        case when deals.closed_on >= deals.created_on then date_diff('day', deals.created_on, deals.closed_on) end
            as sales_cycle_days,
        deals.amount_base,
        run.as_of,
    from {{ ref('int_opportunities') }} as deals
    cross join run
    inner join {{ ref('int_opportunity_dimensions') }} as dimensions on deals.opportunity_id = dimensions.opportunity_id
    inner join {{ ref('int_opportunity_members') }} as members on deals.opportunity_id = members.opportunity_id
    left join words on {{ same_word('dimensions.deal_type', 'words.word') }}
    where deals.created_on <= run.as_of and coalesce(words.is_new_business, true)
)

select * from final
