{#- The tagged columns of the business sources: [{schema, table, column, pii}], read from `config.meta.pii` in the
    sources' YAML, the one place where a tag is edited. `pii: none` says that somebody looked and that the column is
    not personal: it counts as untagged. Empty while dbt parses. -#}
{% macro pii_tags() %}
    {%- set classes = pii_classes() -%}
    {%- set tags = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- for column in source.columns.values() -%}
                {%- set pii = column.get('config', {}).get('meta', {}).get('pii') -%}
                {%- if pii and pii != 'none' -%}
                    {%- if pii not in classes -%}
                        {{ exceptions.raise_compiler_error(
                            source.schema ~ '.' ~ source.identifier ~ '.' ~ column.name ~ ' is tagged `pii: ' ~ pii
                            ~ '`, which is no class: use one of ' ~ classes | join(', ') ~ ', or none.'
                        ) }}
                    {%- endif -%}
                    {%- do tags.append({'schema': source.schema, 'table': source.identifier, 'column': column.name, 'pii': pii}) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tags) }}
{% endmacro %}

{% macro pii_classes() %}
    {{ return(['name', 'email', 'phone', 'address', 'birth_date', 'national_id', 'card', 'iban', 'ip', 'token', 'free_text']) }}
{% endmacro %}
