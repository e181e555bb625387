-- One row per open deal: its chance by the model beside that of its stage and the one typed in, the day by which it will
-- have ended, and its grade by the seed deal_grades.
with

scores as (select * from {{ source('forecast', 'deal_scores') }}),

deals as (
    select * from {{ ref('opportunities') }}
    where is_open
),

grades as (select * from {{ ref('deal_grades') }}),

stage_chances as (
    select
        stage_code,
        avg(won_probability) as stage_win_probability,
        count(*) as stage_deal_count,
    from scores
    group by stage_code
),

compared as (
    select
        deals.opportunity_id,
        deals.opportunity_name,
        deals.customer_id,
        deals.rep_id,
        deals.stage_code,
        deals.amount_base,
        deals.expected_close_on,
        round(scores.won_probability, 6) as win_probability,
        round(scores.lost_probability, 6) as lost_probability,
        round(stage_chances.stage_win_probability, 6) as stage_win_probability,
        stage_chances.stage_deal_count,
        deals.probability as typed_probability,
        scores.median_close_on,
        date_diff('day', deals.expected_close_on, scores.median_close_on) as later_than_entered_days,
        round(scores.expected_booking_base, 4) as expected_booking_base,
        scores.model,
        scores.n_closed_deals as closed_deal_count,
        scores.fallback_reason,
        -- People know each other by name; a deal without a rep has no reason that names one.
        coalesce(replace(scores.reasons, 'rep: ' || deals.rep_id, 'rep: ' || deals.rep_name), scores.reasons) as reasons,
    from scores
    inner join deals using (opportunity_id)
    left join stage_chances on scores.stage_code = stage_chances.stage_code
),

final as (
    select
        compared.*,
        grades.grade,
        grades.because as grade_reason,
    from compared
    -- The first row of the seed whose two bounds the deal reaches.
    left join grades
        on compared.win_probability >= grades.least_win_probability
        and coalesce(compared.expected_booking_base, 0) >= grades.least_expected_base
    qualify row_number() over (partition by compared.opportunity_id order by grades.grade) = 1
)

select * from final
