{#
  Bits of evidence of one field: log2(m / u) after Fellegi and Sunter (JASA 64, 1969, 1183-1210). m is the seed's
  match_share; u is random_share or, for a level weighted by frequency, the share of the other records that have the
  very same value (a rare name says more than a common one), but no less than
  random_share, which also counts as a hundred records that were seen: few records say little about frequencies. Three
  decimals, so that the sum is exact.
#}
{% macro field_bits(field) -%}
    cast(coalesce(
        log2({{ field }}_weights.match_share) - log2(
            case
                when {{ field }}_weights.by_frequency then greatest(
                    ({{ field }}_others * {{ field }}_weights.other_share + 100 * {{ field }}_weights.random_share)
                    / ({{ field }}_total + 99),
                    {{ field }}_weights.random_share
                )
                else {{ field }}_weights.random_share
            end
        ), 0
    ) as decimal(9, 3))
{%- endmacro %}

{#
  How many records of other customers share a value: of n records at most one per system is the same customer. Counting
  all of them would make a customer that stands in five systems look like a common name. Never 0: a quarter of a record
  stands for the coincidence that was not seen yet.
#}
{% macro others(n, system_bit) -%}
    greatest({{ n }} - bit_count(bit_or(cast(1 as ubigint) << cast({{ system_bit }} as ubigint))), 0.25)
{%- endmacro %}
