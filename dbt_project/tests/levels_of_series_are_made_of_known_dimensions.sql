-- A word that is no dimension would make every member of the level unmapped, and double one that is there already.
select
    metric,
    level
from {{ ref('series_levels') }}
where
    level in ('total', 'region', 'product_line', 'team')
    or not list_has_all(['region', 'product_line', 'product', 'team'], string_split(level, '*'))
