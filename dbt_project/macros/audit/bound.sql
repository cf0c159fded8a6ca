{#- A statement with its logged parameters in place. The names of text columns are asked for once a query. -#}
{% macro bound(statement, parameters) -%}
    {%- set max_length = var('log_parameter_max_length', none) -%}
    staging.bind_parameters({{ statement }}, {{ parameters }}, (select staging.text_columns()), {{ 'null' if max_length is none else max_length }}::integer)
{%- endmacro %}
