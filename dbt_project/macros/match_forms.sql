{#
  The countries of a legal form, as bits: 1 United States, 2 Britain and Ireland, 4 Germany, Austria, Switzerland,
  8 France, 16 Italy, 32 Spain, Portugal and Latin America, 64 Belgium and the Netherlands, 128 the Nordic countries, 256 India,
  512 Singapore, 1024 Australia and South Africa, 2048 the rest of Asia, 4096 Eastern Europe. Null for a form that is
  used everywhere (co, group, SA) and for Chinese ones, which are translated rather than chosen.
#}
{% macro form_countries(form) -%}
    case
        when {{ form }} is null then null
        when starts_with({{ form }}, 'pte') then 512
        when starts_with({{ form }}, 'pty') then 1024
        when starts_with({{ form }}, 'pvt') or starts_with({{ form }}, 'private') then 768
        else
            case split_part({{ form }}, ' ', -1)
                {% for forms, countries in [
                    ('ltd limited', 1 + 2 + 256 + 512 + 1024 + 2048), ('inc incorporated corp corporation', 1 + 2 + 2048),
                    ('llc pllc', 1 + 2048), ('plc', 2), ('gmbh mbh ag kg kgaa ohg ug gbr', 4), ('sas', 8 + 16 + 32),
                    ('sarl', 4 + 8), ('spa', 16 + 32), ('srl', 16 + 32 + 64 + 4096), ('sl slu ltda eirl eireli', 32),
                    ('bv nv', 64), ('bvba sprl', 64), ('oy oyj ab asa aps', 128), ('as', 128 + 4096), ('kk bhd', 2048),
                    ('sro spzoo kft zrt doo ooo oao zao', 4096),
                ] -%}
                    {% for legal_form in forms.split() %}when '{{ legal_form }}' then {{ countries }} {% endfor %}
                {% endfor -%}
            end
    end
{%- endmacro %}

{# The number in a name: its digits, else a Roman numeral that ends it, else a Chinese ordinal. #}
{% macro name_number(core, digits) -%}
    coalesce(
        {{ digits }},
        case
            when ends_with({{ core }}, 'i') or ends_with({{ core }}, 'v') or ends_with({{ core }}, 'x') then
                nullif(cast(list_position(
                    ['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x'],
                    regexp_extract({{ core }}, ' ([ivx]+)$', 1)
                ) as varchar), '0')
            when contains({{ core }}, '第') then
                nullif(regexp_extract({{ core }}, '第[一二三四五六七八九十百]+'), '')
        end
    )
{%- endmacro %}
