-- One row per pair of records that is decided without a score: the same customer, or kept apart.
with records as (
    select record_no, source_system, source_id from {{ ref('mtc_records') }}
),

namespace_links as (
    select
        records.record_no,
        first_value(records.record_no) over (
            partition by keys.namespace, keys.namespace_key order by source_system, source_id
        ) as first_record_no,
        keys.namespace,
        keys.namespace_key,
    from {{ ref('mtc_namespaces') }} as keys
    inner join records using (source_system, source_id)
),

-- a record that its own system merged away points at the survivor
merged_links as (
    select accounts.source_system, accounts.source_id, accounts.merged_into_id
    from {{ ref('stg_account_records') }} as accounts
    where accounts.merged_into_id is not null and accounts.merged_into_id != accounts.source_id
),

-- a subsidiary is not a duplicate of its parent
parent_links as (
    select accounts.source_system, accounts.source_id, accounts.parent_account_id
    from {{ ref('stg_account_records') }} as accounts
    where accounts.parent_account_id is not null and accounts.parent_account_id != accounts.source_id
),

overrides as (
    {{ match_decisions() }}
)

select
    l.record_no as record_no_l,
    r.record_no as record_no_r,
    overrides.decision = 'same' as is_same,
    'override' as rule,
    overrides.decision_note as cause,
from overrides
inner join records as l on overrides.source_system_l = l.source_system and overrides.source_id_l = l.source_id
inner join records as r on overrides.source_system_r = r.source_system and overrides.source_id_r = r.source_id
union all
select
    first_record_no,
    record_no,
    true,
    'namespace',
    namespace || ' ' || namespace_key,
from namespace_links
where record_no != first_record_no
union all
select
    survivors.record_no,
    merged.record_no,
    true,
    'merged_in_source',
    links.source_system || ' merged ' || links.source_id || ' into ' || links.merged_into_id,
from merged_links as links
inner join records as merged using (source_system, source_id)
inner join records as survivors
    on links.source_system = survivors.source_system and links.merged_into_id = survivors.source_id
union all
select
    parents.record_no,
    children.record_no,
    false,
    'parent',
    links.source_id || ' is a subsidiary of ' || links.parent_account_id,
from parent_links as links
inner join records as children using (source_system, source_id)
inner join records as parents
    on links.source_system = parents.source_system and links.parent_account_id = parents.source_id
-- a `same` override means that the parent field is wrong
where
    not exists (
        select 1 from overrides
        where
            overrides.decision = 'same'
            and links.source_system = overrides.source_system_l
            and links.source_system = overrides.source_system_r
            and least(overrides.source_id_l, overrides.source_id_r) = least(links.source_id, links.parent_account_id)
            and greatest(overrides.source_id_l, overrides.source_id_r) = greatest(links.source_id, links.parent_account_id)
    )
