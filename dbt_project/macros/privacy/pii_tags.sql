{#- The tagged columns of the business sources: [{schema, table, column, pii}], read from `config.meta.pii` in the
    sources' YAML, the one place where a tag is edited. Empty while dbt parses. -#}
{% macro pii_tags() %}
    {%- set tags = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- for column in source.columns.values() -%}
                {%- set pii = column.get('config', {}).get('meta', {}).get('pii') -%}
                {%- if pii -%}
                    {%- do tags.append({'schema': source.schema, 'table': source.identifier, 'column': column.name, 'pii': pii}) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tags) }}
{% endmacro %}

{#- The business schemas: the sources tagged `business`. -#}
{% macro business_schemas() %}
    {%- set schemas = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() if 'business' in source.tags and source.schema not in schemas -%}
            {%- do schemas.append(source.schema) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(schemas | sort) }}
{% endmacro %}
