{# A name without case, width, blanks and punctuation, so that `GTXPro` is `GTX Pro`; null where nothing is left. #}
{% macro name_key(name) -%}
    nullif(regexp_replace(lower(nfc_normalize({{ name }})), '[^\p{L}\p{N}]+', '', 'g'), '')
{%- endmacro %}
