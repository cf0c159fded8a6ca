{#- A model's schema is exactly what the project names: `corpus`, not `staging_corpus`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
