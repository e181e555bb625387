-- One row per company of a business register, as the newest licensed files have it.
with current_registrations as (
    {{ current_records('registrations', days=['founded_on', 'checked_on']) }}
)

select * from current_registrations
