{#- The body of a sandbox model: a business table with its tagged columns pseudonymized, the others as they are. -#}
{% macro sandbox_table(schema, table) %}
{%- set relation = source(schema, table) -%}
{%- set tags = {} -%}
{%- for tag in pii_tags() if tag.schema == schema and tag.table == table -%}
    {%- do tags.update({tag.column: tag.pii}) -%}
{%- endfor -%}
-- depends_on: {{ ref('int_pii_surrogates') }}
select
    {%- if execute %}
    {%- for column in adapter.get_columns_in_relation(relation) %}
    {%- set name = adapter.quote(column.name) %}
    {%- if column.name in tags %}
    privacy.pseudonym('{{ tags[column.name] }}', {{ name }}::text)::{{ column.data_type }} as {{ name }}
    {%- else %}
    {{ name }}
    {%- endif %}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
    {%- else %} *
    {%- endif %}
from {{ relation }}
{% endmacro %}
