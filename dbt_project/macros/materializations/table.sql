{# A table in few statements. The adapter's own way asks the catalogue for indexes, foreign keys and columns, and renames
   twice, which took two thirds of dbt's time for a model; none of our tables has indexes or foreign keys. One transaction:
   a model that fails leaves the table of the last run as it was. #}
{% materialization table, adapter="duckdb", supported_languages=['sql', 'python'] %}
    {%- set before = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- if config.get('indexes') or config.get('grants') -%}
        {% do exceptions.raise_compiler_error(this ~ ": a table here has no indexes and no grants") %}
    {%- endif -%}
    {#- Python updates the tables of matching in place; a hook may change what is read, or the table itself. -#}
    {%- set may_keep = model['language'] == 'sql' and model.schema != 'matching' and not pre_hooks and not post_hooks -%}
    {%- set looks = may_keep and not should_full_refresh() and before is not none and before.type == 'table' -%}
    {%- set noted = made_of(target) if looks and is_large(target) else none -%}
    {%- set found = fingerprint_of(compiled_code) if noted is not none else none -%}
    {%- set is_kept = found is not none and found == noted -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {% if model['language'] == 'python' -%}
        {# Its rows are written by a transaction of its own, which may not see a table that this one has dropped. #}
        {%- set written = make_intermediate_relation(target) -%}
        {% call statement('clear', auto_begin=False) %} drop table if exists {{ written }} {% endcall %}
        {% call statement('main', language='python') %}{{ create_table_as(False, written, compiled_code, 'python') }}{% endcall %}
    {%- endif %}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if before is not none and not is_kept -%}
        {% call statement('drop') %} drop {{ before.type }} if exists {{ before }} cascade {% endcall %}
    {%- endif %}
    {% if is_kept -%}
        {% call statement('main') %} select 'kept' {% endcall %}
    {%- elif model['language'] == 'python' -%}
        {% call statement('rename') %} alter table {{ written }} rename to {{ adapter.quote(target.identifier) }} {% endcall %}
    {%- else -%}
        {% call statement('main') %}{{ create_table_as(False, target, compiled_code) }}{% endcall %}
        {%- set is_noted = may_keep and is_large(target) -%}
        {%- set found = none if not is_noted else found if found is not none else fingerprint_of(compiled_code) -%}
    {%- endif %}
    {% do table_comments(target, found) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# What the YAML says of a table and of those of its columns that exist, as comments, in one statement, and of one that may
   be kept what it was made of. #}
{% macro table_comments(table, fingerprint) %}
    {% call statement('columns', fetch_result=True) %} from {{ table }} limit 0 {% endcall %}
    {%- set existing = load_result('columns')['table'].column_names -%}
    {%- set text = model.description ~ (made_of_words(fingerprint) if fingerprint is not none else '') -%}
    {%- set comments = ["comment on table " ~ table ~ " is " ~ duckdb_escape_comment(text)] -%}
    {%- for name, column in model.columns.items() if name in existing and column.description -%}
        {%- set what = "comment on column " ~ table ~ "." ~ adapter.quote(name) -%}
        {% do comments.append(what ~ " is " ~ duckdb_escape_comment(column.description)) %}
    {%- endfor %}
    {% call statement('comments') %}{{ comments | join("; ") }}{% endcall %}
{% endmacro %}
