-- One row per deal of one source system, as the newest exports have it.
with current_opportunities as (
    {{ current_records(
        'opportunities',
        days=[
            'created_on',
            'expected_close_on',
            'closed_on',
            'last_activity_on',
            'updated_at',
        ],
    ) }}
),

{{ with_account('current_opportunities') }}
