{#- staging.bind_parameters(statement, detail, text_columns, max_length): the statement with its `$1` replaced by the values
    that the server logged beside it (`Parameters: $1 = '…', $2 = NULL`; before PostgreSQL 16 `parameters: …`).
    A statement without parameters comes back unchanged; one whose parameters are missing or cut gives null.

    text_columns: names of the columns that hold text. The log quotes every value, so it does not tell numbers from texts
        of digits. A value of digits is given back as a number, unless it stands where only a text can: beside a column of
        text, a LIKE or ||, a function that gives or takes texts, or `->>`.
    max_length: the server's log_parameter_max_length, in bytes; null where it is not known. A value that is longer is
        written as its first bytes and three dots, inside the quotes (appendStringInfoStringQuoted in
        src/backend/utils/mb/stringinfo_mb.c), which never splits a character: so up to three bytes fewer. Where the limit
        is not known, a value that ends in three dots is taken for a cut one, unless the same line holds a longer value. -#}
{% macro function_bind_parameters() %}
create or replace function staging.bind_parameters(statement text, detail text, text_columns text[], max_length integer)
returns text
language sql immutable parallel safe
as $function$
    with logged as (
        select
            found.parts[1] as name,
            found.parts[2] as value,
            octet_length(replace(found.parts[2], '''''', '''')) - 2 as bytes
        from regexp_matches(detail, $re$(\$[0-9]+) = ('(?:[^']|'')*'|NULL)$re$, 'g') as found (parts)
        where detail ~* '^parameters: '
    ),

    parameters as (
        select
            name,
            value,
            value like '%...''' and case
                when max_length is null then bytes >= coalesce(max(bytes) filter (where value not like '%...''') over (), 0)
                else max_length >= 0 and bytes - 3 between max_length - 3 and max_length
            end as is_cut,
            value ~ '^''-?(0|[1-9][0-9]*)(\.[0-9]+)?''$' as is_number
        from logged
    ),

    compared as (
        select
            lower(rtrim(found.parts[1], '"')) as column_name,
            coalesce(found.parts[2], found.parts[3], found.parts[4]) as names
        from regexp_matches(statement, $re$(?:([[:alnum:]_]+"?)|->>\s*'[^']*'\s*\)?|\m(?:lower|upper|initcap|left|right|substr|substring|trim|btrim|ltrim|rtrim|lpad|rpad|replace|split_part|concat|to_char|md5)\s*\([^()]*\))\s*(?:=|<>|!=|<=?|>=?|(?:not\s+)?(?:in|between)\M|is\s+(?:not\s+)?distinct\s+from\M)\s*\(?\s*((?:\$[0-9]+(?:\s*,\s*|\s+and\s+)?)+)|(?:like|similar\s+to|~\*?|\|\|)\s*(\$[0-9]+)|\m(?:to_date|to_timestamp|to_number|strpos|position|starts_with|split_part|replace|concat|concat_ws)\s*\(([^()]*)\)$re$, 'gi') as found (parts)
        where exists (select 1 from parameters where is_number)
    ),

    texts as (
        select distinct found.parts[1] as name
        from compared
        cross join lateral regexp_matches(compared.names, '\$[0-9]+', 'g') as found (parts)
        where compared.column_name is null
            or compared.column_name = any(text_columns)
    ),

    tokens as (
        select
            found.*,
            lag(found.token) over (order by found.ordinal) as before,
            lead(found.token) over (order by found.ordinal) as behind
        from staging.sql_tokens(statement) as found
    ),

    bound as (
        select
            tokens.ordinal,
            case
                when tokens.kind <> 'parameter' then tokens.token
                when parameters.is_cut then null
                when not parameters.is_number or texts.name is not null then parameters.value
                -- `5 -$1` with -1 would begin a comment
                when parameters.value like '''-%' and (tokens.before = '-' or tokens.behind in ('::', '^'))
                    then '(' || btrim(parameters.value, '''') || ')'
                else btrim(parameters.value, '''')
            end as token
        from tokens
        left join parameters on tokens.kind = 'parameter' and parameters.name = tokens.token
        left join texts on tokens.kind = 'parameter' and texts.name = tokens.token
    )

    -- (most statements have none: their tokens are not read)
    select
        case
            when statement !~ '\$[0-9]' then statement
            else (select case when bool_and(token is not null) then string_agg(token, '' order by ordinal) end from bound)
        end
$function$;
{% endmacro %}
