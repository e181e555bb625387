-- One row per payment received (回款), as the newest exports have it.
with current_receipts as (
    {{ current_records('receipts', days=['received_on']) }}
),

{{ with_account('current_receipts') }}
