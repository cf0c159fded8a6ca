{#- A sandbox model: a business table with its tagged columns pseudonymized, the others as they are. It becomes the
    table `sandbox_<schema>.<table>`, and is there only while its schema is one of AUDITUNE_SCHEMAS.

    source_name, table: as in `source()`. schema, identifier: their names in the database, where those are names that a
    model cannot bear. -#}
{% macro sandbox_table(source_name, table, schema=none, identifier=none) %}
{{ config(
    enabled=(source_name in chosen_schemas()),
    schema='sandbox_' ~ (schema or source_name),
    alias=identifier or table,
) }}
{%- if source_name in chosen_schemas() %}
{%- set relation = source(source_name, table) -%}
{%- set tags = {} -%}
{%- for tag in pii_tags() if tag.schema == relation.schema and tag.table == relation.identifier -%}
    {%- do tags.update({tag.column: tag.pii}) -%}
{%- endfor -%}
-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}
select
    {%- if execute %}
    {%- for column in business_columns(relation) %}
    {%- if column.name in tags %}
    {{ pseudonymized(column, tags[column.name]) }} as {{ adapter.quote(column.name) }}
    {%- else %}
    {{ adapter.quote(column.name) }}
    {%- endif %}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
    {%- else %} *
    {%- endif %}
from {{ relation }}
{%- endif %}
{% endmacro %}

{#- The columns of a business relation in their order: [{name, type}], with the type as PostgreSQL writes it
    (`text[]`, `numeric(10,2)`), of materialized views too. -#}
{% macro business_columns(relation) %}
    {%- set found = run_query(
        "select attname::text, pg_catalog.format_type(atttypid, atttypmod) from pg_catalog.pg_attribute"
        ~ " where attrelid = '" ~ (relation | string).replace("'", "''") ~ "'::pg_catalog.regclass"
        ~ " and attnum > 0 and not attisdropped order by attnum"
    ) -%}
    {%- set columns = [] -%}
    {%- for row in found.rows -%}
        {%- do columns.append({'name': row[0], 'type': row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- A tagged column's expression, of the column's own type; a type that holds no such text, such as an enum, becomes
    text. Text has no length, an integer is a bigint and a network an address, for a surrogate may be what they do not
    hold. An array's elements are replaced one by one, and so are the strings and numbers of a JSON document. -#}
{% macro pseudonymized(column, pii) %}
    {%- set name = adapter.quote(column.name) -%}
    {%- set type = pseudonym_type(column.type) -%}
    {%- if type.endswith('[]') -%}
case when {{ name }} is not null then array(select privacy.pseudonym('{{ pii }}', element::text)::{{ type[:-2] }} from unnest({{ name }}) with ordinality as elements (element, place) order by place) end
    {%- elif type in ('json', 'jsonb') -%}
privacy.pseudonymize_json({{ name }}::jsonb, '{{ pii }}')::{{ type }}
    {%- else -%}
privacy.pseudonym('{{ pii }}', {{ name }}::text)::{{ type }}
    {%- endif -%}
{% endmacro %}

{#- The type in which a column's pseudonyms are written. -#}
{% macro pseudonym_type(type) %}
    {%- if type.endswith('[]') -%}
        {{ return(pseudonym_type(type[:-2]) ~ '[]') }}
    {%- elif type in ('smallint', 'integer') -%}
        {{ return('bigint') }}
    {%- elif type == 'cidr' -%}
        {{ return('inet') }}
    {%- elif type.split('(')[0] in (
        'citext', 'json', 'jsonb', 'date', 'timestamp without time zone', 'timestamp with time zone', 'inet', 'uuid',
        'bigint', 'numeric'
    ) -%}
        {{ return(type.split('(')[0]) }}
    {%- endif -%}
    {{ return('text') }}
{% endmacro %}
