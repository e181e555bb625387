-- One row per pair of customer records that a person should look at, with the money at stake.
with reviews as (select * from {{ source('resolved', 'customer_reviews') }}),

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
    on reviews.customer_id_r = money_r.customer_id and reviews.customer_id_l != reviews.customer_id_r
