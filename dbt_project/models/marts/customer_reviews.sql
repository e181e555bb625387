-- One row per pair of customer records that a person should review, with the money at stake.
with decisions as (
    {{ match_decisions() }}
),

-- an absent record is known, and its decision applies when it returns
known as (
    select source_system, source_id from {{ ref('stg_account_records') }}
    union
    select source_system, source_id from {{ source('resolved', 'customer_events') }}
),

customers as (select source_system, source_id, customer_id from {{ source('resolved', 'customer_map') }}),

-- the author of a decision about an unknown record, often a typo, must learn of it
unknown as (
    select
        decisions.source_system_l,
        decisions.source_id_l,
        decisions.source_system_r,
        decisions.source_id_r,
        customers_l.customer_id as customer_id_l,
        customers_r.customer_id as customer_id_r,
        'unknown_record' as kind,
        'no record ' || concat_ws(
            ' and no record ',
            if(l.source_id is null, decisions.record_l, null),
            if(r.source_id is null, decisions.record_r, null)
        ) || ' is known; ' || decisions.decision || ' by ' || decisions.decision_note as reason,
        cast(null as double) as score_bits,
    from decisions
    left join known as l on decisions.source_system_l = l.source_system and decisions.source_id_l = l.source_id
    left join known as r on decisions.source_system_r = r.source_system and decisions.source_id_r = r.source_id
    left join customers as customers_l
        on decisions.source_system_l = customers_l.source_system and decisions.source_id_l = customers_l.source_id
    left join customers as customers_r
        on decisions.source_system_r = customers_r.source_system and decisions.source_id_r = customers_r.source_id
    where l.source_id is null or r.source_id is null
),

reviews as (
    from {{ source('resolved', 'customer_reviews') }}
    union all by name
    from unknown
),

names as (select source_system, source_id, account_name from {{ ref('stg_account_records') }}),

money as (
    select customer_id, amount_base from {{ ref('revenue') }}
    union all
    select customer_id, amount_base from {{ ref('opportunities') }}
    where is_open
),

customer_money as (
    select customer_id, sum(amount_base) as amount_base from money
    group by all
)

select
    reviews.source_system_l,
    reviews.source_id_l,
    l.account_name as account_name_l,
    reviews.customer_id_l,
    reviews.source_system_r,
    reviews.source_id_r,
    r.account_name as account_name_r,
    reviews.customer_id_r,
    reviews.kind,
    reviews.reason,
    reviews.score_bits,
    cast(coalesce(money_l.amount_base, 0) + coalesce(money_r.amount_base, 0) as decimal(18, 4)) as amount_at_stake_base,
from reviews
left join names as l on reviews.source_system_l = l.source_system and reviews.source_id_l = l.source_id
left join names as r on reviews.source_system_r = r.source_system and reviews.source_id_r = r.source_id
left join customer_money as money_l on reviews.customer_id_l = money_l.customer_id
left join customer_money as money_r
    on reviews.customer_id_r = money_r.customer_id and reviews.customer_id_l is distinct from reviews.customer_id_r
