{#- The tables and views that questions are about, [{schema, identifier}]: those of the sources tagged `business`. Empty
    while dbt parses. -#}
{% macro business_relations() %}
    {%- set relations = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') if 'business' in source.tags -%}
            {%- do relations.append({'schema': source.schema, 'identifier': source.identifier}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(relations) }}
{% endmacro %}

{#- A name as a literal of SQL. -#}
{% macro sql_text(name) %}
    {{ return("'" ~ (name | replace("'", "''")) ~ "'") }}
{% endmacro %}
