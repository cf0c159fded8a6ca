{#- staging.pgaudit_parameters(field): pgaudit's parameters (`1,"O'Hara"`) in the words of the server's own log
    (`Parameters: $1 = '1', $2 = 'O''Hara'`), which staging.bind_parameters reads. pgaudit writes NULL and '' alike, as
    nothing: such a parameter is left out, so that its statement stays unbound. Null where there is none or pgaudit did
    not log them (`<none>`, `<not logged>`). -#}
{% macro function_pgaudit_parameters() %}
create or replace function staging.pgaudit_parameters(field text)
returns text
language sql immutable strict parallel safe
as $function$
    select 'Parameters: ' || string_agg(
        -- (not quote_literal: it writes a value with a backslash as E'…')
        '$' || found.ordinal || ' = ''' || replace(found.value, '''', '''''') || '''', ', ' order by found.ordinal
    )
    from unnest(staging.csv_fields(field)) with ordinality as found (value, ordinal)
    where field not in ('<none>', '<not logged>')
        and found.value not in ('', '<long param suppressed>')    -- pgaudit.log_parameter_max_size
$function$;
{% endmacro %}
