-- One row per rep who closed a deal in the twelve months to as_of: its win rate against its peers', corrected for their number.
with closed_deals as (
    select
        owned.rep_id,
        count(*) as closed_count,
        count(*) filter (where owned.is_won) as won_count,
    from {{ ref('opportunities') }} as owned
    cross join {{ source('control', 'run') }} as run
    where
        owned.rep_id is not null
        and not owned.is_open
        and owned.closed_on > run.as_of - interval 1 year
        and owned.closed_on <= run.as_of
    group by owned.rep_id
),

company as (
    select
        sum(won_count) as won_count,
        sum(closed_count) as closed_count,
        count(*) as rep_count,
    from closed_deals
),

compared as (
    select
        reps.*,
        company.rep_count as compared_count,
        (company.won_count - reps.won_count) / nullif(company.closed_count - reps.closed_count, 0) as peer_win_rate,
        {{ fisher_probability('reps.won_count', 'reps.closed_count', 'company.won_count', 'company.closed_count') }}
            as unrounded_probability,
        round(unrounded_probability, 9) as chance_probability,
    from closed_deals as reps
    cross join company
),

ranked as (
    select
        *,
        unrounded_probability * compared_count / row_number() over (order by unrounded_probability, rep_id) as stepped,
    from compared
),

adjusted as (
    select
        * exclude (stepped, unrounded_probability),
        -- a less likely difference is never adjusted to a likelier one
        round(least(1, min(stepped) over (
            order by unrounded_probability desc, rep_id desc
            rows between unbounded preceding and current row
        )), 9) as adjusted_probability,
    from ranked
)

select
    adjusted.*,
    case
        when adjusted.adjusted_probability > rules.false_discovery_rate or adjusted.peer_win_rate is null then 'like_peers'
        when adjusted.won_count / adjusted.closed_count > adjusted.peer_win_rate then 'above_peers'
        else 'below_peers'
    end as win_rate_standing,
from adjusted
inner join {{ ref('comparison_rules') }} as rules on rules.comparison = 'rep_win_rate'
