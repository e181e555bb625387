{#
  Current state of one object out of all its exports (docs/models.md, "Which rows are current"). One row per
  source_system and source_id: the newest version of each record that no later export has retracted.

  object: a table of `raw`. days: the object's date columns, any of which a contract may name as `window(column)`.

  All decisions are taken on narrow rows (key, file, day) and on sets of files; the wide rows are joined last. A version
  is one number that grows with the export, so that "newest" is a maximum: sorting a million text keys costs ten times
  as much.
#}
{% macro current_records(object, days=[]) %}
    with recursive loaded_files as (
        select
            *,
            row_number() over (order by exported_at, landed_at, file_id) * 10000000000 as version_base
        from {{ ref('stg_export_files') }}
        where object = '{{ object }}' and status = 'loaded'
    ),

    record_versions as (
        select
            records.source_system,
            files.contract,
            records.source_id,
            files.set_id,
            files.exported_at,
            files.version_base + records._record as version,
            records._record,
            starts_with(records.source_id, files.keyless_prefix) as is_keyless,
            {{ window_day(days) }} as window_day
        from {{ source('raw', object) }} as records
        inner join loaded_files as files on records._file_id = files.file_id
    ),

    refused_keys as (
        select distinct
            files.source_system,
            files.contract,
            files.set_id,
            files.exported_at,
            refused.source_id
        from {{ source('quality', 'quarantine') }} as refused
        inner join loaded_files as files on refused.file_id = files.file_id
        where refused.source_id is not null
    ),

    {{ trusted_full_sets() }},

    window_days as (
        select
            source_system,
            contract,
            exported_at,
            is_complete_set,
            cast(unnest(generate_series(window_from, window_to, interval 1 day)) as date) as window_day
        from loaded_files
        where extract = 'window' and window_from is not null
    ),

    -- of the sets that cover a day the newest complete one counts, or the newest one if none is complete
    window_winners as (
        select
            source_system,
            contract,
            window_day,
            coalesce(max(exported_at) filter (where is_complete_set), max(exported_at)) as exported_at
        from window_days
        group by all
    ),

    newest_versions as (
        select max(version) as version
        from record_versions
        where not is_keyless
        group by source_system, contract, source_id
        union all
        select version from record_versions
        where is_keyless
    ),

    valid_versions as (
        select versions.*
        from record_versions as versions
        left join trusted_sets as trusted
            on versions.source_system = trusted.source_system and versions.contract = trusted.contract
        left join window_winners as winners
            on versions.source_system = winners.source_system
            and versions.contract = winners.contract
            and versions.window_day = winners.window_day
        left join refused_keys as refused
            on versions.source_system = refused.source_system
            and versions.contract = refused.contract
            and versions.source_id = refused.source_id
            and refused.exported_at = greatest(trusted.exported_at, winners.exported_at)
        where
            versions.version in (select version from newest_versions)
            and (
                -- a refused row is a row: its last good version stays
                refused.source_id is not null
                or greatest(trusted.exported_at, winners.exported_at) is null
                or versions.exported_at = greatest(trusted.exported_at, winners.exported_at)
                -- rows without a key cannot be merged into a set: only its own are kept
                or (
                    not versions.is_keyless
                    and versions.exported_at > greatest(trusted.exported_at, winners.exported_at)
                )
            )
    ),

    -- two contracts of one system may export the same record: the newest export wins
    current_versions as (
        select max(version) as version
        from valid_versions
        where not is_keyless
        group by source_system, source_id
        union all
        select version from valid_versions
        where is_keyless
    )

    select records.* exclude (_extra, landed_at, _row_hash)
    from {{ source('raw', object) }} as records
    inner join loaded_files as files on records._file_id = files.file_id
    where files.version_base + records._record in (select version from current_versions)
{% endmacro %}


{# The day of a record that decides whether a window export covers it: the column its contract named. #}
{% macro window_day(days) -%}
    case
        {% for day in days -%}
            when files.window_column = '{{ day }}' then cast(records.{{ day }} as date)
        {% endfor -%}
        when false then cast(null as date)
    end
{%- endmacro %}
