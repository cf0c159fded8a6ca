{#- The values of a tagged column, one text each, whatever the column's type: the elements of an array, the strings and
    numbers of a JSON document. For a select list. -#}
{% macro tagged_values(tag) %}
    {%- set column = adapter.quote(tag.column) -%}
    {%- set types = [] -%}
    {%- for found in business_columns(api.Relation.create(schema=tag.schema, identifier=tag.table)) if found.name == tag.column -%}
        {%- do types.append(found.type) -%}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            tag.schema ~ '.' ~ tag.table ~ ' has no column ' ~ tag.column ~ ': correct its source YAML, where it is tagged `pii: '
            ~ tag.pii ~ '`.'
        ) }}
    {%- endfor -%}
    {%- if types[0].endswith('[]') -%}
unnest({{ column }}::text[])
    {%- elif types[0] in ('json', 'jsonb') -%}
jsonb_path_query({{ column }}::jsonb, 'strict $.** ? (@.type() == "string" || @.type() == "number")') #>> '{}'
    {%- else -%}
{{ column }}::text
    {%- endif -%}
{% endmacro %}

{#- Post-hook of int_pii_surrogates: no two values of a class share a surrogate, or joins and counts would change. Birth
    dates apart: they are moved alike, which keeps them apart, but a bound that stays ('1800-01-01') may be where one goes.
    The server names the index: during a full refresh the old table still has the name. -#}
{% macro unique_surrogates() %}
do $do$
begin
    if not exists (
        select 1 from pg_index where indrelid = '{{ this }}'::regclass and indisunique and indpred is not null
    ) then
        create unique index on {{ this }} (pii_class, lower(surrogate)) where pii_class <> 'birth_date';
    end if;
end
$do$
{% endmacro %}
