{#
  An amount of money times a price, a quantity or a rate, rounded to four decimals.

  By way of a double: exact decimals would need 128 bits, which cost two microseconds a row in DuckDB, a hundred times as
  much; 18 digits overflow above a million. A double holds four decimals up to a hundred billion.
#}
{% macro times(amount, factor) -%}
    cast(cast({{ amount }} as double) * cast({{ factor }} as double) as decimal(18, 4))
{%- endmacro %}
