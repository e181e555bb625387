-- One row per customer record of one source system, as the newest exports have it.
with current_accounts as (
    {{ current_records('accounts', days=['created_on', 'updated_at', 'last_activity_on', 'birth_date']) }}
)

select * from current_accounts
