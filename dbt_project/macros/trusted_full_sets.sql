{#
  CTEs up to `trusted_sets`: one row per source_system and contract with the newest complete full set whose absences
  count as deletions.

  A set that lacks more than control.run.mass_deletion_share of the keys of the last trusted set retracts nothing until
  a row of the seed confirmed_deletions says so: a saved filter in a CRM makes a perfect, complete, wrong export, and a
  second export through the same filter is no confirmation. Sets are therefore checked in order, each against the last
  trusted one; the recursion runs only for contracts where one set lost too much against the set before it.

  Expects the CTEs loaded_files, record_versions and refused_keys; must stand in a `with recursive`.
#}
{% macro trusted_full_sets() %}
    full_sets as (
        select
            source_system,
            contract,
            set_id,
            exported_at,
            object,
            row_number() over (partition by source_system, contract order by exported_at) as set_number,
            count(*) over (partition by source_system, contract) as set_count
        from (
            select distinct source_system, contract, set_id, exported_at, object from loaded_files
            where extract = 'full' and is_complete_set
        )
    ),

    -- refused keys count as present; a row without a key is counted by its position in the set
    present_keys as materialized (
        select
            sets.source_system,
            sets.contract,
            sets.set_number,
            if(versions.is_keyless, cast(versions._record as varchar), versions.source_id) as source_id
        from record_versions as versions
        inner join full_sets as sets on versions.set_id = sets.set_id
        where sets.set_count > 1
        union
        select sets.source_system, sets.contract, sets.set_number, refused.source_id
        from refused_keys as refused
        inner join full_sets as sets on refused.set_id = sets.set_id
        where sets.set_count > 1
    ),

    key_spans as materialized (
        select
            source_system,
            contract,
            source_id,
            max(set_number) as last_number,
            count(*) <= max(set_number) - min(set_number) as has_gaps
        from present_keys
        group by all
    ),

    -- A key that stands in every set from its first to its last is missing from the one after: only where a key has gaps
    -- are its sets put in order, as sorting all keys of all sets takes longer than all else.
    missing_keys as (
        select source_system, contract, last_number as set_number
        from key_spans
        union all
        select source_system, contract, set_number
        from (
            select
                *,
                lead(set_number) over (partition by source_system, contract, source_id order by set_number) as next_number
            from present_keys
            semi join (select * from key_spans where has_gaps) using (source_system, contract, source_id)
        )
        where next_number > set_number + 1
    ),

    suspect_contracts as materialized (
        select distinct source_system, contract
        from (
            select source_system, contract, set_number, count(*) as key_count from present_keys
            group by all
        )
        inner join (select *, count(*) as missing_count from missing_keys group by all)
            using (source_system, contract, set_number)
        inner join full_sets using (source_system, contract, set_number)
        cross join {{ source('control', 'run') }} as run
        where set_number < set_count and missing_count > run.mass_deletion_share * key_count
    ),

    suspect_keys as materialized (
        select present_keys.* from present_keys
        semi join suspect_contracts using (source_system, contract)
    ),

    checked_sets as (
        select source_system, contract, set_number, set_number as trusted_number
        from full_sets
        inner join suspect_contracts using (source_system, contract)
        where set_number = 1
        union all
        select
            checked.source_system,
            checked.contract,
            checked.set_number + 1 as set_number,
            case
                when
                    bool_or(confirmed.source_system is not null)
                    or count(*) filter (where before.source_id is not null and now.source_id is null)
                    <= any_value(run.mass_deletion_share) * count(before.source_id)
                    then checked.set_number + 1
                else checked.trusted_number
            end as trusted_number
        from checked_sets as checked
        inner join full_sets as sets
            on checked.source_system = sets.source_system
            and checked.contract = sets.contract
            and checked.set_number + 1 = sets.set_number
        cross join {{ source('control', 'run') }} as run
        left join {{ ref('confirmed_deletions') }} as confirmed
            on sets.source_system = confirmed.source_system
            and sets.contract = confirmed.contract
            and {{ local_date("sets.exported_at") }} = confirmed.exported_on
        left join suspect_keys as before
            on checked.source_system = before.source_system
            and checked.contract = before.contract
            and checked.trusted_number = before.set_number
        left join suspect_keys as now
            on before.source_system = now.source_system
            and before.contract = now.contract
            and before.source_id = now.source_id
            and now.set_number = checked.set_number + 1
        group by checked.source_system, checked.contract, checked.set_number, checked.trusted_number
    ),

    trusted_sets as (
        select sets.source_system, sets.contract, max(sets.exported_at) as exported_at
        from full_sets as sets
        left join suspect_contracts as suspects
            on sets.source_system = suspects.source_system and sets.contract = suspects.contract
        left join checked_sets as checked
            on sets.source_system = checked.source_system
            and sets.contract = checked.contract
            and sets.set_number = checked.trusted_number
        where suspects.contract is null or checked.contract is not null
        group by all
    )
{% endmacro %}
