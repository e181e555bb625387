-- One row per published fact from outside the company: market size, an index, a competitor price, as the newest
-- exports have it.
with current_market_facts as (
    {{ current_records('market_facts', days=['period_start', 'published_on']) }}
)

select * from current_market_facts
