-- One row per sales rep of one source system, as the newest exports have it.
with current_reps as (
    {{ current_records('reps', days=['hired_on', 'left_on']) }}
)

select * from current_reps
