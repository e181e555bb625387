{#
  An amount of money times a price, a quantity or a rate, rounded to four decimals, halves away from zero.

  Computed in doubles: exact decimals would need 128 bits, which cost two microseconds a row in DuckDB, a hundred times as
  much; 18 digits overflow above a million. A double holds four decimals up to a hundred billion.

  Cents times a rate of four decimals end in a half every hundredth time, and a double holds that half a little above or
  below: four units in the last place are added to round it up, up to a billion, where they are still less than any real
  difference of rates with four decimals; with eight a value just below a half may be rounded up.
#}
{% macro multiply_money(amount, factor) -%}
    cast(
        cast({{ amount }} as double) * cast({{ factor }} as double)
        * if(abs(cast({{ amount }} as double) * cast({{ factor }} as double)) < 1e9, 1.0000000000000009e0, 1e0)
        as decimal(18, 4)
    )
{%- endmacro %}
