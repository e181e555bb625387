-- One row per sales team and the span of days its row is valid, as the newest exports have it.
with current_teams as (
    {{ current_records('teams', days=['valid_from', 'valid_to']) }}
)

select * from current_teams
