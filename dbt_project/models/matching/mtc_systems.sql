-- One row per source system with customer records: its number, and whether it keeps persons.
select
    source_system,
    cast(dense_rank() over (order by source_system) % 64 as utinyint) as system_bit,
    -- a system where many names read like those of persons keeps persons, whatever a single name reads like
    coalesce(avg(cast(reads_like_person as integer)) filter (where account_name is not null) >= 0.4, false) as has_persons,
from {{ ref('mtc_keyed_records') }}
group by source_system
