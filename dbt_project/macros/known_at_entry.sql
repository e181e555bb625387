{#
  Whether a requirement was met on the day of a move: true or false where the exports before and after it agree, true
  where it had been met before, else null. A state that changed between the two exports may have changed on either side.
#}
{% macro known_at_entry(flag) -%}
    case
        when befores.{{ flag }} and coalesce(afters.{{ flag }}, true) then true
        when not coalesce(befores.{{ flag }}, not afters.is_new) and not afters.{{ flag }} then false
    end
{%- endmacro %}
