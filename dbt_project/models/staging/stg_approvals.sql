-- One row per approval step of an office-automation system, as the newest exports have it.
with current_approvals as (
    {{ current_records('approvals', days=['requested_at', 'decided_at']) }}
),

{{ with_account('current_approvals') }}
