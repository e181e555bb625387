{# The columns name one row each, and none of them is empty. Returns the offenders with their count. #}
{% test grain(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by all
having
    count(*) > 1
    {% for column in columns -%}
        or {{ column }} is null
    {% endfor %}
{% endtest %}
