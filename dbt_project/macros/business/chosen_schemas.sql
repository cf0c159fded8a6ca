{#- The business schemas that are chosen (AUDITUNE_SCHEMAS), under the names that this project has for them: signs that
    a model's name cannot hold are written as `_`. -#}
{% macro chosen_schemas() %}
    {%- set chosen = [] -%}
    {%- for schema in (env_var('AUDITUNE_SCHEMAS', '') or 'shop').split(',') if schema.strip() -%}
        {%- set name = modules.re.sub('[^A-Za-z0-9_]', '_', schema.strip()) -%}
        {%- if 'tables_of_' ~ name not in context -%}
            {{ exceptions.raise_compiler_error(
                'AUDITUNE_SCHEMAS names the schema ' ~ schema.strip() ~ ', of which dbt knows no table: run `make scaffold SCHEMA='
                ~ schema.strip() ~ '`, or correct AUDITUNE_SCHEMAS.'
            ) }}
        {%- endif -%}
        {%- do chosen.append(name) -%}
    {%- endfor -%}
    {{ return(chosen) }}
{% endmacro %}

{#- Stops where a sandbox model is missing from the lists `tables_of_<schema>`: what depends on all of them would be
    built too early. -#}
{% macro check_sandbox_is_listed() %}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] == 'sandbox' -%}
            {%- if node.unique_id not in model.depends_on.nodes -%}
                {{ exceptions.raise_compiler_error(
                    'The model ' ~ node.name ~ ' is in no list of tables: add its table to dbt_project/macros/business/, '
                    ~ 'or run `make scaffold` for its schema.'
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
