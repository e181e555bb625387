-- One row per open lead that nobody works on, and for which a rule names a rep: whom it should go to, and why.
with

run as (select * from {{ source('control', 'run') }}),

thresholds as (
    select
        {{ rule('known_months') }} as known_months,
        {{ rule('known_deals') }} as known_deals,
    from {{ ref('lead_rules') }}
),

leads as (select * from {{ ref('int_leads') }}),

reps as (select * from {{ ref('int_reps') }}),

deals as (
    select
        deals.*,
        customers.industry_code,
    from {{ ref('opportunities') }} as deals
    left join {{ ref('customer_360') }} as customers using (customer_id)
    where deals.rep_id is not null
),

-- What a rep knows: product lines and industries of which enough deals were won lately.
won_lately as (
    select deals.* from deals
    cross join run
    cross join thresholds
    where deals.is_won and deals.closed_on > run.as_of - to_months(cast(thresholds.known_months as integer))
),

known as (
    select rep_id, 'product_line' as attribute, product_line as member from won_lately
    group by all
    having count(*) >= (select known_deals from thresholds)
    union all
    select rep_id, 'industry', industry_code from won_lately
    group by all
    having count(*) >= (select known_deals from thresholds)
),

load as (
    select rep_id, count(*) as open_count
    from (
        select rep_id from deals
        where is_open
        union all by name
        select rep_id from leads
        where is_open and rep_id is not null
    )
    group by rep_id
),

-- A lead waits for an owner if it has none, or one who has left.
waiting as (
    select
        leads.*,
        row_number() over (
            partition by leads.region, leads.product_line, leads.industry_code
            order by leads.created_on, leads.lead_id
        ) as turn,
    from leads
    left join reps using (rep_id)
    where leads.is_open and (not leads.has_owner or not coalesce(reps.is_active, true))
),

kinds as (select distinct region, product_line, industry_code from waiting),

-- The first rule that names anybody for this kind of lead, and its reps, the least busy first.
candidates as (
    select
        kinds.*,
        rules.rule_order,
        rules.because,
        reps.rep_id,
        reps.rep_name,
        coalesce(load.open_count, 0) as open_count,
    from kinds
    cross join {{ ref('lead_owner_rules') }} as rules
    inner join reps
        on reps.is_active and (kinds.region = reps.region or not rules.needs_region)
    left join known as lines
        on reps.rep_id = lines.rep_id and lines.attribute = 'product_line' and kinds.product_line = lines.member
    left join known as industries
        on reps.rep_id = industries.rep_id and industries.attribute = 'industry' and kinds.industry_code = industries.member
    left join load on reps.rep_id = load.rep_id
    where
        (lines.rep_id is not null or not rules.needs_product_line)
        and (industries.rep_id is not null or not rules.needs_industry)
    qualify rules.rule_order = min(rules.rule_order) over (
        partition by kinds.region, kinds.product_line, kinds.industry_code
    )
),

ranked as (
    select
        *,
        row_number() over by_kind as place,
        count(*) over (partition by region, product_line, industry_code) as candidate_count,
    from candidates
    window by_kind as (partition by region, product_line, industry_code order by open_count, rep_id)
),

final as (
    select
        waiting.lead_id,
        ranked.rep_id,
        ranked.rep_name,
        ranked.rule_order,
        ranked.because,
    from waiting
    inner join ranked
        on waiting.region = ranked.region
        and waiting.product_line = ranked.product_line
        and waiting.industry_code = ranked.industry_code
        and (waiting.turn - 1) % ranked.candidate_count + 1 = ranked.place
)

select * from final
