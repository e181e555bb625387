-- A KPI without values names a source that sends nothing, or a family of facts that forgot it. A warning, not an error:
-- a company without leads has no KPI of leads, and the catalogue tells it so.
{{ config(severity='warn') }}
select kpi
from {{ ref('kpi_catalogue') }}
where value_count = 0
