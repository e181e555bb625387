-- One row per contract, as the newest exports have it.
with current_contracts as (
    {{ current_records('contracts', days=['signed_on', 'started_on', 'ends_on']) }}
),

{{ with_account('current_contracts') }}
