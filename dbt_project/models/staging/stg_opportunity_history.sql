-- One row per recorded change of a deal, from systems that export their own history, as the newest exports have it.
with current_opportunity_history as (
    {{ current_records('opportunity_history', days=['expected_close_on', 'changed_at']) }}
)

select * from current_opportunity_history
