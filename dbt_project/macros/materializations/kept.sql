{#
  A table that took long is kept where a run would make the same rows again: by the same SQL, from the same rows of the
  columns that it reads. `control.kept` says what each was made of; short ones are made anew, which costs less than to look.

  What a table reads is taken from DuckDB's plan, so nobody has to list it. The plan must not depend on what tables hold,
  so `statistics_propagation` is off in the profile. What reads anything but tables, or asks the time, is never kept.
#}

{# Seconds by the clock from which a table takes long. #}
{% macro long_seconds() %}{{ return(0.5) }}{% endmacro %}


{# What a table was made of when it last took long; none for any other. #}
{% macro made_of(table) %}
    {% call statement('made_of', fetch_result=True) -%}
        select fingerprint from control.kept where table_name = {{ kept_name(table) }}
    {%- endcall %}
    {%- set rows = load_result('made_of')['data'] -%}
    {{ return(rows[0][0] if rows else none) }}
{% endmacro %}


{# Note what a table is made of, none for one that is made anew each time; in the transaction that makes it. #}
{% macro note_made_of(table, fingerprint) %}
    {% call statement('forget') %} delete from control.kept where table_name = {{ kept_name(table) }} {% endcall %}
    {% if fingerprint is not none -%}
        {% call statement('note') %} insert into control.kept values ({{ kept_name(table) }}, '{{ fingerprint }}') {% endcall %}
    {%- endif %}
{% endmacro %}


{% macro kept_name(table) -%} '{{ table.schema }}.{{ table.identifier }}' {%- endmacro %}


{# A hash over a query and all that it reads, in whatever order; none where that cannot be told. #}
{% macro fingerprint_of(sql) %}
    {% call statement('views', fetch_result=True) -%}
        select coalesce(string_agg(sql, ' ' order by sql), '') from duckdb_views() where not internal
    {%- endcall %}
    {%- set views = load_result('views')['data'][0][0] -%}
    {% if asks_the_moment(sql ~ ' ' ~ views) %}{{ return(none) }}{% endif %}
    {% call statement('plan', fetch_result=True) %} explain (format json) {{ sql }} {% endcall %}
    {%- set scans = scans_of(load_result('plan')['data'][0][1]) -%}
    {% if scans is none %}{{ return(none) }}{% endif %}
    {% call statement('fingerprint', fetch_result=True) %}
        select md5(concat_ws(
            '|', version(), '{{ project_version() }}', $q${{ sql }}$q$, $q${{ views }}$q$,
            string_agg(content, '|' order by content)
        ))
        from (
            select '' as content
            {% for scan in scans %} union all {{ content_of(scan.table, scan.columns, scan.filters) }} {% endfor %}
        )
    {% endcall %}
    {{ return(load_result('fingerprint')['data'][0][0]) }}
{% endmacro %}


{# Whether a query asks for what changes while its rows do not: the time, a number drawn, its connection. #}
{% macro asks_the_moment(sql) %}
    {%- set calls = "(now|today|random|setseed|sleep_ms|stats|error|write_log|nextval|currval|in_search_path|(gen_random_)?uuid(v\\d)?"
        ~ "|transaction_timestamp|txid_current|(get_)?current_\\w+)\\s*\\(" -%}
    {{ return(modules.re.search("(?i)\\b(" ~ calls ~ "|(current_(date|time|timestamp)|localtime(stamp)?)\\b)", sql)) }}
{% endmacro %}


{# Every table that a plan scans, with the columns and, where they are told, the rows; none if it reads anything else. #}
{% macro scans_of(plan) %}
    {% call statement('scans', fetch_result=True) %}
        select distinct
            value ->> '$.extra_info.Table' as scanned,
            coalesce(value ->> '$.extra_info.Projections', '') as columns,
            coalesce(value ->> '$.extra_info.Filters', '') as filters,
        from json_tree($plan${{ plan }}$plan$)
        where
            type = 'OBJECT'
            and json_exists(value, '$.children')
            and (
                json_exists(value, '$.extra_info.Table')
                or (
                    json_array_length(value, '$.children') = 0
                    and (value ->> '$.name') not in (
                        'CTE_SCAN', 'REC_CTE_SCAN', 'DELIM_SCAN', 'DUMMY_SCAN', 'COLUMN_DATA_SCAN', 'EXPRESSION_SCAN',
                        'EMPTY_RESULT', 'RANGE', 'GENERATE_SERIES', 'HASH_GROUP_BY', 'PERFECT_HASH_GROUP_BY'
                    )
                )
            )
    {% endcall %}
    {%- set scans = [] -%}
    {% for scanned, columns, filters in load_result('scans')['data'] -%}
        {% if not scanned %}{{ return(none) }}{% endif %}
        {% call statement('names', fetch_result=True) %} from {{ scanned }} limit 0 {% endcall %}
        {%- set words = modules.re.findall("\\w+", columns ~ ' ' ~ filters) -%}
        {# Where all that is asked of a column is `object = 'invoices'`, other rows are not read. #}
        {%- set plain = modules.re.findall("(?<![^\\[\"])(\\w+='[\\w ]*')(?![^\\]\"])", filters) -%}
        {% do scans.append({
            'table': scanned,
            'columns': load_result('names')['table'].column_names | select('in', words) | list,
            'filters': plain if "\\" not in filters else [],
        }) %}
    {%- endfor %}
    {{ return(scans) }}
{% endmacro %}


{# One text for the rows of these columns of a table, whatever their order, and for the types of all its columns. #}
{% macro content_of(table, columns, filters) %}
    select
        '{{ table }} ' || count(*) || ' '
        || coalesce(sum(hash(hash({{ (['0'] + columns) | join(', ') }}))), 0)
        || (select string_agg(column_name || ' ' || column_type order by column_name) from (describe {{ table }}))
    from {{ table }}
    {% if filters %} where {{ filters | join(' and ') }} {% endif %}
{% endmacro %}
