{#- staging.csv_fields(line): the fields of one line of CSV (RFC 4180), quotes taken off; an empty field is ''. -#}
{% macro function_csv_fields() %}
create or replace function staging.csv_fields(line text)
returns text[]
language sql immutable strict parallel safe
as $function$
    -- every field ends in a comma, the last one in an added one, so that empty fields are found too
    select array_agg(coalesce(replace(found.parts[1], '""', '"'), found.parts[2]) order by found.ordinal)
    from regexp_matches(line || ',', $re$(?:"((?:[^"]|"")*)"|([^",]*)),$re$, 'g') with ordinality as found (parts, ordinal)
$function$;
{% endmacro %}
