{{ config(materialized='table', schema='privacy', alias='tagged_columns') }}

{%- set tags = pii_tags() %}

select
    tags.table_schema::text as table_schema,
    tags.table_name::text as table_name,
    tags.column_name::text as column_name,
    tags.pii_class::text as pii_class
from (
    values
    {%- for tag in tags %}
    ({{ sql_text(tag.schema) }}, {{ sql_text(tag.table) }}, {{ sql_text(tag.column) }}, '{{ tag.pii }}'),
    {%- endfor %}
    (null, null, null, null)  -- so that a project without a tag compiles too
) as tags (table_schema, table_name, column_name, pii_class)
where tags.table_schema is not null
