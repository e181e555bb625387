-- One row per marketing campaign, as the newest exports have it.
with current_campaigns as (
    {{ current_records('campaigns', days=['started_on', 'ended_on']) }}
)

select * from current_campaigns
