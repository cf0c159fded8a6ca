{#- staging.sql_tokens(text): one row per token of a statement; joined in order, the tokens are the statement again.
    kind: comment | literal | identifier | parameter | number | space | symbol.
    POSIX regular expressions take the longest match, and every alternative starts with characters of its own. -#}
{% macro function_sql_tokens() %}
create or replace function staging.sql_tokens(statement text)
returns table (ordinal bigint, token text, kind text)
language sql immutable strict parallel safe
as $function$
    select
        matches.ordinal,
        matches.parts[1] as token,
        case
            when matches.parts[1] ~ '^(--|/\*)' then 'comment'
            when matches.parts[1] ~ '^\$[0-9]+$' then 'parameter'
            when matches.parts[1] ~* '^([ebnx]|u&)?''' or matches.parts[1] ~ '^\$' then 'literal'
            when matches.parts[1] ~ '^("|[[:alpha:]_])' then 'identifier'
            when matches.parts[1] ~ '^[0-9]' then 'number'
            when matches.parts[1] ~ '^\s' then 'space'
            else 'symbol'
        end as kind
    from regexp_matches(
        statement,
        $re$(--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/|[eE]'(?:[^'\\]|''|\\.)*'|[uU]&'(?:[^']|'')*'|[bBnNxX]?'(?:[^']|'')*'|"(?:[^"]|"")*"|\$[0-9]+|\$[[:alpha:]_]*\$[^$]*\$[[:alpha:]_]*\$|[[:alpha:]_][[:alnum:]_$]*|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\s+|::|<=|>=|<>|!=|\|\||.)$re$,
        'g'
    ) with ordinality as matches (parts, ordinal)
$function$;
{% endmacro %}
