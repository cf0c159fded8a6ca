{#- staging.text_columns(): the names of all columns of business tables that hold text, for staging.bind_parameters. -#}
{% macro function_text_columns() %}
create or replace function staging.text_columns()
returns text[]
language sql stable parallel safe
as $function$
    select coalesce(array_agg(distinct lower(attributes.attname)), '{}')
    from pg_catalog.pg_attribute as attributes
    inner join pg_catalog.pg_class as relations on attributes.attrelid = relations.oid
    inner join pg_catalog.pg_namespace as schemas on relations.relnamespace = schemas.oid
    inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
    where attributes.attnum > 0
        and relations.relkind in ('r', 'p', 'v', 'm', 'f')
        and types.typcategory = 'S'
        and schemas.nspname !~ '^(pg_|information_schema$)'
        and schemas.nspname not in (
            'raw_audit', 'raw_serving', 'raw_training', 'privacy', 'staging', 'intermediate', 'corpus', 'monitoring'
        )
$function$;
{% endmacro %}
