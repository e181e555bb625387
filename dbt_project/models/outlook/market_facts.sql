-- One row per external figure and day of publication, with the value it replaced and the day it was replaced.
with

facts as (select * from {{ ref('stg_market_facts') }}),

final as (
    select
        source_system,
        source_id,
        metric,
        coalesce(level, 'total') as level,
        coalesce(member, '') as member,
        period_start,
        period,
        value,
        unit,
        published_on,
        publisher,
        lag(value) over earlier as value_before,
        lead(published_on) over earlier as revised_on,
    from facts
    window earlier as (
        partition by metric, coalesce(level, 'total'), coalesce(member, ''), period_start, period
        order by published_on, source_system, source_id
    )
)

select
    *,
    revised_on is null as is_newest,
from final
