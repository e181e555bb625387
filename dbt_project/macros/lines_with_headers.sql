{#
  CTE `document_lines`: one row per line of an order or invoice, filled from its header; a document of which only the
  header arrived is one line, so that no money is lost where a system exports headers alone.

  lines, headers: staging models. document: the column that joins them. day: the document's date. links: further columns
  of both that name other documents.
#}
{% macro lines_with_headers(lines, headers, document, day, links) %}
    single_headers as (
        select * from {{ ref(headers) }}
        -- two headers of one number in a system: the newest export wins
        qualify row_number() over (
            partition by source_system, {{ document }} order by exported_at desc, source_id asc
        ) = 1
    ),

    headers_without_lines as (
        select headers.*
        from {{ ref(headers) }} as headers
        anti join {{ ref(lines) }} as lines
            on headers.source_system = lines.source_system and headers.{{ document }} = lines.{{ document }}
    ),

    document_lines as (
        select
            lines.source_system || '|' || lines.source_id as line_key,
            'line' as line_kind,
            lines.source_system,
            lines.source_id,
            lines.{{ document }},
            lines.line_number,
            {% for link in links -%}
                coalesce(lines.{{ link }}, headers.{{ link }}) as {{ link }},
            {% endfor -%}
            coalesce(lines.account_source_id, headers.account_source_id) as account_source_id,
            coalesce(lines.{{ day }}, headers.{{ day }}) as {{ day }},
            lines.product_id as product_code,
            coalesce(lines.product_id, 'name:' || lines.product_name) as product_source_id,
            coalesce(
                lines.owner_id, 'name:' || lines.owner_name, headers.owner_id, 'name:' || headers.owner_name
            ) as rep_source_id,
            lines.quantity,
            lines.unit_price,
            lines.discount,
            coalesce(lines.currency, headers.currency) as currency,
            lines.amount_net,
            lines.amount_tax,
            lines.amount_gross,
            lines.cost,
            coalesce(lines.is_cancelled, false) or coalesce(headers.is_cancelled, false) as is_cancelled,
            coalesce(lines.region, headers.region) as region,
            coalesce(lines.channel, headers.channel) as channel,
            lines._file_id as file_id,
            lines._record as record,
            lines.exported_at,
            headers.source_id as header_source_id,
            headers._file_id as header_file_id,
            headers._record as header_record,
            headers.exported_at as header_exported_at
        from {{ ref(lines) }} as lines
        left join single_headers as headers
            on lines.source_system = headers.source_system and lines.{{ document }} = headers.{{ document }}
        union all by name
        select
            source_system || '|header|' || source_id as line_key,
            'header' as line_kind,
            source_system,
            source_id,
            {{ document }},
            {% for link in links -%}
                {{ link }},
            {% endfor -%}
            account_source_id,
            {{ day }},
            coalesce(owner_id, 'name:' || owner_name) as rep_source_id,
            currency,
            amount_net,
            amount_tax,
            amount_gross,
            coalesce(is_cancelled, false) as is_cancelled,
            region,
            channel,
            source_id as header_source_id,
            _file_id as header_file_id,
            _record as header_record,
            exported_at as header_exported_at
        from headers_without_lines
    )
{% endmacro %}
