-- One row per product line of a deal, as the newest exports have it.
with current_opportunity_lines as (
    {{ current_records('opportunity_lines', days=[]) }}
)

select * from current_opportunity_lines
