{{ config(meta={'dagster': {'ref': {'name': 'opportunities'}}}) }}

-- What the records hold is what the deals hold plus what was dropped as duplicate or void, to the last digit.
-- A row here means that money was lost or counted twice between int_opportunity_records and marts.opportunities.
with

records as (
    select count(*) as records, coalesce(sum(amount_base), 0) as amount_base
    from {{ ref('int_opportunity_records') }}
),

deals as (
    select count(*) as records, coalesce(sum(amount_base), 0) as amount_base
    from {{ ref('opportunities') }}
),

dropped as (
    select count(*) as records, coalesce(sum(amount_base), 0) as amount_base
    from {{ ref('opportunity_crosswalk') }}
    where not is_counted
)

select
    records.amount_base as recorded,
    deals.amount_base as counted,
    dropped.amount_base as dropped,
from records
cross join deals
cross join dropped
where
    records.amount_base <> deals.amount_base + dropped.amount_base
    or records.records <> deals.records + dropped.records
