-- One row per dated event that may move demand or competition, as the newest exports have it.
with current_market_events as (
    {{ current_records('market_events', days=['started_on', 'ended_on', 'published_on']) }}
)

select * from current_market_events
