{#
  A large table is kept where a run would make the same rows again: by the same SQL, from the same rows of the columns that it
  reads. Its own comment says what it was made of: whoever replaces the table, another release say, leaves no such comment.
  Small tables are made anew, which costs less than to look.

  What a table reads is taken from DuckDB's plan, so nobody has to list it. The plan must not depend on what tables hold,
  so `statistics_propagation` is off in the profile. Whatever cannot be told for sure is made anew.
#}

{# Rows from which a table is large. #}
{% macro large_rows() %}{{ return(20000) }}{% endmacro %}


{# Whether a table that stands is large. #}
{% macro is_large(table) %}
    {% call statement('count', fetch_result=True) %} select count(*) from {{ table }} {% endcall %}
    {{ return(load_result('count')['data'][0][0] >= large_rows()) }}
{% endmacro %}


{# What a table was made of, by its comment; none where that says nothing. #}
{% macro made_of(table) %}
    {% call statement('made_of', fetch_result=True) -%}
        select regexp_extract(comment, '{{ made_of_words('([0-9a-f]{32})') }}$', 1) from duckdb_tables()
        where
            database_name = '{{ table.database }}'
            and schema_name = '{{ table.schema }}'
            and table_name = '{{ table.identifier }}'
    {%- endcall %}
    {{ return(load_result('made_of')['data'][0][0] or none) }}
{% endmacro %}


{# What a comment ends with: `pipelines/home/kept.py` reads it, and descriptions are served without it. #}
{% macro made_of_words(fingerprint) -%} {{ return(' Made of ' ~ fingerprint) }} {%- endmacro %}


{# A hash over a query and all that it reads, in whatever order; none where that cannot be told. #}
{% macro fingerprint_of(sql) %}
    {%- set views = sql_of_views() -%}
    {% if asks_the_moment(sql ~ ' ' ~ views) or '$q$' in sql ~ views %}{{ return(none) }}{% endif %}
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


{# The SQL of the views that the model reads, one through the other: its own SQL has no more than their names. #}
{% macro sql_of_views() %}
    {%- set views, waiting = [], model.depends_on.nodes | list -%}
    {% for _ in graph.nodes if waiting -%}
        {%- set node = graph.nodes.get(waiting.pop(0), {}) if waiting else {} -%}
        {% if node.get('config', {}).get('materialized') == 'view' and node.relation_name not in views -%}
            {% do views.append(node.relation_name) %}{% do waiting.extend(node.depends_on.nodes) %}
        {%- endif %}
    {%- endfor %}
    {% if not views %}{{ return('') }}{% endif %}
    {% call statement('views', fetch_result=True) -%}
        select coalesce(string_agg(sql, ' ' order by sql), '') from duckdb_views()
        where list_contains({{ views }}, format('"{}"."{}"."{}"', database_name, schema_name, view_name))
    {%- endcall %}
    {{ return(load_result('views')['data'][0][0]) }}
{% endmacro %}


{# Whether a query asks for what changes while its rows do not: the time, some of the rows, a number drawn, its connection. #}
{% macro asks_the_moment(sql) %}
    {%- set calls = "(now|today|age|random|setseed|sleep_ms|stats|error|write_log|nextval|currval|getvariable|in_search_path"
        ~ "|(gen_random_)?uuid(v\\d)?|transaction_timestamp|txid_current|(get_)?current_\\w+)\\s*\\(" -%}
    {%- set words = "current_(date|time|timestamp)|localtime(stamp)?|tablesample|using\\s+sample|rowid" -%}
    {{ return(modules.re.search("(?i)\\b(" ~ calls ~ "|(" ~ words ~ ")\\b)", sql.replace('"', ''))) }}
{% endmacro %}


{# Every table that a plan scans, with the columns and, where they are told, the rows; none where it may read anything else. #}
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
    {% for scanned, named, filters in load_result('scans')['data'] -%}
        {% if not scanned %}{{ return(none) }}{% endif %}
        {% call statement('columns', fetch_result=True) %} from (describe {{ scanned }}) {% endcall %}
        {%- set words = modules.re.findall("\\w+", named ~ ' ' ~ filters) -%}
        {%- set columns = {} -%}
        {% for row in load_result('columns')['data'] -%}
            {% if not modules.re.fullmatch("\\w+", row[0]) %}{{ return(none) }}{% endif %}
            {% if row[0] in words %}{% do columns.update({row[0]: row[1]}) %}{% endif %}
        {%- endfor %}
        {%- set plain = [] -%}
        {# Where all that is asked of a column is `object = 'invoices'`, other rows are not read. #}
        {% for column, text in modules.re.findall("(?<![^\\[\"])(\\w+)=('[\\w ]*')(?![^\\]\"])", filters) -%}
            {%- set is_whole = column in columns and "\\" not in filters -%}
            {% if is_whole %}{% do plain.append(adapter.quote(column) ~ ' = ' ~ text) %}{% endif %}
        {%- endfor %}
        {% do scans.append({'table': scanned, 'columns': columns, 'filters': plain}) %}
    {%- endfor %}
    {{ return(scans) }}
{% endmacro %}


{# One text for the rows of these columns of a table, whatever their order, and for the types of all its columns.
   columns: name to type. DuckDB's hash does not tell [] from NULL within a list, nor a month from 30 days. #}
{% macro content_of(table, columns, filters) %}
    {%- set hashed = ['0'] -%}
    {% for name, type in columns.items() -%}
        {%- set is_simple = modules.re.fullmatch("[A-Z0-9_ ]+(\\([0-9, ]+\\))?", type) and type != 'INTERVAL' -%}
        {% do hashed.append(adapter.quote(name) if is_simple else 'cast(' ~ adapter.quote(name) ~ ' as varchar)') %}
    {%- endfor %}
    select
        '{{ table }} ' || count(*) || ' '
        || coalesce(sum(hash(hash({{ hashed | join(', ') }}))), 0)
        || (select string_agg(column_name || ' ' || column_type order by column_name) from (describe {{ table }}))
    from {{ table }}
    {% if filters %} where {{ filters | join(' and ') }} {% endif %}
{% endmacro %}
