{# Two-sided p-value of a standard normal z, with a relative error below 1.2e-7 (W. H. Press et al., Numerical Recipes
   in C, 2nd edition, 6.2: erfc by Chebyshev fitting); DuckDB has no error function. #}
{% macro two_sided_p_value(z) -%}
    {%- set t = '(1 / (1 + 0.5 * abs(' ~ z ~ ') / sqrt(2)))' -%}
    {%- set coefficients = [
        -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
        -0.82215223, 0.17087277
    ] -%}
    {%- set ns = namespace(sum='0') -%}
    {%- for coefficient in coefficients | reverse -%}
        {%- set ns.sum = '(' ~ coefficient ~ ' + ' ~ t ~ ' * ' ~ ns.sum ~ ')' -%}
    {%- endfor -%}
    least(1, {{ t }} * exp(-{{ z }} * {{ z }} / 2 + {{ ns.sum }}))
{%- endmacro %}
