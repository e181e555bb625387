-- One row per dimension member: of its open deals, the share whose decision maker is known.
with

open_deals as (
    select * from {{ ref('opportunities') }}
    where is_open
),

members as (
    select * from {{ ref('int_opportunity_members') }}
    union all by name
    select * from {{ ref('int_deal_segments') }}
    where level in ('amount_band', 'source_system')
    union all by name
    select
        opportunity_id,
        'stage' as level,
        stage_code as member,
    from open_deals
),

final as (
    select
        members.level,
        members.member,
        count(*) as open_count,
        count(*) filter (where deals.decision_maker_code in ('deal_role', 'deal_flag')) as known_count,
        count(*) filter (where deals.decision_maker_code = 'customer_contact') as contact_only_count,
        count(*) filter (where deals.decision_maker_code = 'nobody') as missing_count,
        count(*) filter (where deals.decision_maker_code = 'unknown') as unknown_count,
        known_count / open_count as known_share,
        (known_count + contact_only_count) / open_count as known_with_contacts_share,
        unknown_count / open_count as unknown_share,
        cast(coalesce(sum(deals.amount_base), 0) as decimal(18, 4)) as amount_base,
        cast(
            coalesce(sum(deals.amount_base) filter (where deals.decision_maker_code in ('deal_role', 'deal_flag')), 0)
            as decimal(18, 4)
        ) as known_amount_base,
    from open_deals as deals
    inner join members using (opportunity_id)
    group by all
)

select * from final
