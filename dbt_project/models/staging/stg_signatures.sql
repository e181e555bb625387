-- One row per document sent for electronic signature, as the newest exports have it.
with current_signatures as (
    {{ current_records('signatures', days=['sent_at', 'signed_at', 'declined_at']) }}
),

{{ with_account('current_signatures') }}
