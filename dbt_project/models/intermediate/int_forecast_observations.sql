-- One row per deal and day on which its state became known: the whole state as it was known at the end of that day.
-- What a deal that has ended repeats in every later list is left out.
with

stages as (select * from {{ ref('stages') }}),

deals as (select * from {{ ref('int_opportunities') }}),

dimensions as (select * from {{ ref('int_opportunity_dimensions') }}),

known_states as (select * from {{ ref('int_opportunity_observations') }}),

stays as (
    select
        opportunity_id,
        stage_number,
        any_value(stage_code) as stage_code,
        min(observed_on) as first_on,
        max(observed_on) as last_on,
        {{ is_one_value('amount') }} as is_of_one_amount,
    from known_states
    group by all
),

last_stays as (
    select
        *,
        max(last_on) over (
            partition by opportunity_id order by stage_number rows between unbounded preceding and 1 preceding
        ) as before_on,
    from stays
    qualify stage_number = max(stage_number) over (partition by opportunity_id)
),

-- Most of what lists of some years show are deals that ended long ago; only these have a closing day. The first look at
-- an ending tells all of it, unless the closing day was still to come; a later one tells more where it has another amount.
endings as (
    select
        opportunity_id,
        last_stays.first_on as ended_on,
        last_stays.is_of_one_amount,
    from last_stays
    inner join deals using (opportunity_id)
    where
        deals.closed_on is not null
        and last_stays.first_on >= greatest(deals.closed_on, last_stays.before_on)
),

-- Left out before they are sorted, where all of them are alike.
observations as (
    select known_states.*
    from known_states
    left join endings using (opportunity_id)
    where endings.ended_on is null or known_states.observed_on <= endings.ended_on or not endings.is_of_one_amount
    qualify row_number() over (
        partition by known_states.opportunity_id, known_states.observed_on order by known_states.observation_number desc
    ) = 1
),

judgements as (select * from {{ ref('int_opportunity_judgements') }}),

stages_known as (
    select
        observations.opportunity_id,
        observations.observed_on,
        observations.observation_number,
        stages.stage_type,
        stages.stage_order,
        observations.stage_code,
        observations.amount,
        observations.expected_close_on,
        lag(observations.amount) over by_deal as previous_amount,
        lag(observations.stage_code) over by_deal as previous_stage_code,
        lag(stages.stage_order) over by_deal as previous_order,
        lag(observations.expected_close_on) over by_deal as previous_close_on,
    from observations
    inner join stages using (stage_code)
    where stages.stage_type <> 'void'
    window by_deal as (partition by observations.opportunity_id order by observations.observation_number)
),

-- Counts run up to the day of the row and never beyond it.
counted as (
    select
        *,
        last_value(case when stage_code is distinct from previous_stage_code then observed_on end ignore nulls)
            over so_far as stage_since,
        count(*) filter (where previous_stage_code <> stage_code) over so_far as move_count,
        count(*) filter (where stage_type = 'open' and stage_order < previous_order) over so_far as backward_count,
        count(*) filter (where stage_type = 'open' and expected_close_on > previous_close_on) over so_far as push_count,
    from stages_known
    window so_far as (
        partition by opportunity_id order by observation_number rows between unbounded preceding and current row
    )
),

final as (
    select
        counted.opportunity_id as deal_id,
        counted.observed_on as known_on,
        counted.stage_type as status_code,
        case when counted.stage_type = 'open' then counted.stage_code end as stage_code,
        cast(counted.amount * deals.base_rate as double) as amount,
        cast(counted.stage_order as bigint) as stage_order,
        counted.stage_since,
        counted.expected_close_on,
        judgements.probability as typed_probability,
        categories.category_code,
        counted.move_count,
        counted.backward_count,
        counted.push_count,
        dimensions.channel,
        dimensions.deal_type,
        dimensions.region,
        dimensions.product_line,
        dimensions.team,
        dimensions.rep_id as rep,
    from counted
    inner join deals using (opportunity_id)
    inner join dimensions using (opportunity_id)
    asof left join judgements
        on counted.opportunity_id = judgements.opportunity_id and counted.observed_on >= judgements.observed_on
    left join {{ ref('forecast_category_words') }} as categories
        on {{ same_word('judgements.forecast_category', 'categories.word') }}
    left join endings on counted.opportunity_id = endings.opportunity_id
    where
        deals.created_on is not null
        and (
            endings.ended_on is null
            or counted.observed_on <= endings.ended_on
            or counted.amount is distinct from counted.previous_amount
        )
)

select * from final
