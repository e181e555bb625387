-- One row per customer that has not left yet: how long it is silent by its own habit, and how often that meant leaving.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('min_members') }} as min_members, from {{ ref('customer_rules') }}),

sightings as (select * from {{ ref('int_churn_sightings') }}),

-- Past month ends whose outcome is known. A customer stands in several of them, so customers are counted beside cases.
bands as (
    select
        band_code,
        count(*) as case_count,
        count(distinct customer_id) as case_customer_count,
        count(*) filter (where has_left) as left_count,
        cast(sum(count(*) filter (where has_left)) over () / sum(count(*)) over () as double) as all_left_rate,
    from sightings
    where has_left is not null
    group by band_code
),

-- The chance that the rule ranks one who left above one who stayed: .5 is a coin, 1 is never wrong.
ranked as (
    select
        has_left,
        avg(place) over (partition by relative_silence) as place,
    from (
        select
            has_left, relative_silence,
            row_number() over (order by relative_silence) as place,
        from sightings
        where has_left is not null and relative_silence is not null
    )
),

skill as (
    select
        (
            sum(place) filter (where has_left)
            - count(*) filter (where has_left) * (count(*) filter (where has_left) + 1) / 2
        ) / nullif(count(*) filter (where has_left) * count(*) filter (where not has_left), 0) as ranking_rate,
    from ranked
),

final as (
    select
        sightings.customer_id,
        sightings.cutoff as as_of,
        owners.rep_id,
        owners.rep_name,
        sightings.buying_day_count,
        sightings.last_bought_on,
        sightings.silent_days,
        sightings.usual_gap_days,
        sightings.relative_silence,
        sightings.band_code,
        coalesce(bands.case_count, 0) as case_count,
        coalesce(bands.case_customer_count, 0) as case_customer_count,
        if(bands.case_customer_count >= rules.min_members, bands.left_count / bands.case_count, null) as churn_rate,
        bands.all_left_rate as all_churn_rate,
        skill.ranking_rate,
        purchases.recent_revenue_base as revenue_at_risk_base,
    from sightings
    inner join run on sightings.cutoff = run.as_of
    cross join rules
    cross join skill
    inner join {{ ref('customer_purchases') }} as purchases using (customer_id)
    left join bands using (band_code)
    left join {{ ref('int_customer_owners') }} as owners using (customer_id)
)

select * from final
