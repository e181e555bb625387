-- One row per pair of customer records that a person should look at, with the money at stake.
with words as (
    {{ words_about_records() }}
),

-- a record that is away for now is known, and its word waits for it
known as (
    select source_system, source_id from {{ ref('stg_account_records') }}
    union
    select source_system, source_id from {{ source('resolved', 'customer_events') }}
),

customers as (select source_system, source_id, customer_id from {{ source('resolved', 'customer_map') }}),

-- whoever gave a word that reaches nobody, a slip of the pen, must hear of it
unknown as (
    select
        words.source_system_l,
        words.source_id_l,
        words.source_system_r,
        words.source_id_r,
        customers_l.customer_id as customer_id_l,
        customers_r.customer_id as customer_id_r,
        'unknown_record' as kind,
        'no record ' || concat_ws(
            ' and no record ', if(l.source_id is null, words.one, null), if(r.source_id is null, words.other, null)
        ) || ' is known; ' || words.decision || ' by ' || words.said as reason,
        cast(null as double) as score_bits,
    from words
    left join known as l on words.source_system_l = l.source_system and words.source_id_l = l.source_id
    left join known as r on words.source_system_r = r.source_system and words.source_id_r = r.source_id
    left join customers as customers_l
        on words.source_system_l = customers_l.source_system and words.source_id_l = customers_l.source_id
    left join customers as customers_r
        on words.source_system_r = customers_r.source_system and words.source_id_r = customers_r.source_id
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
