-- One row per quote of one source system, as the newest exports have it.
with current_quotes as (
    {{ current_records('quotes', days=['quoted_on', 'valid_until']) }}
),

{{ with_account('current_quotes') }}
