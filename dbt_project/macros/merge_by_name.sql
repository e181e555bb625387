{#
  CTE `merged_records`: the records with `merged_id`, shared by records of different systems that have the same
  name_key. Customers are matched by score (models/matching); products and reps are few and their names well maintained,
  so an equal name is enough, unless one system gives that name to two records.

  records: a CTE with source_system, source_key, name_key, is_implied, priority. The id is that of the record of the
  first system in priority, an explicit record before an implied one.
#}
{% macro merge_by_name(records) %}
    shared_names as (
        select name_key
        from (
            select
                name_key,
                count(*) as record_count
            from {{ records }}
            where name_key is not null
            group by source_system, name_key
        )
        group by name_key
        having max(record_count) = 1
    ),

    merged_records as (
        select
            records.*,
            first_value(records.source_system || '|' || records.source_key) over (
                partition by coalesce(shared_names.name_key, records.source_system || '|' || records.source_key)
                order by records.is_implied asc, records.priority asc, records.source_system asc, records.source_key asc
            ) as merged_id
        from {{ records }} as records
        left join shared_names on records.name_key = shared_names.name_key
    )
{% endmacro %}
