{#- staging.bind_parameters(statement, detail): the statement with its `$1` replaced by the values that the server logged
    beside it (`Parameters: $1 = '…', $2 = NULL`; before PostgreSQL 16 `parameters: …`).
    A statement without parameters comes back unchanged; one whose parameters are missing or truncated gives null. -#}
{% macro function_bind_parameters() %}
create or replace function staging.bind_parameters(statement text, detail text)
returns text
language sql immutable parallel safe
as $function$
    with parameters as (
        select
            found.parts[1] as name,
            found.parts[2] as value
        from regexp_matches(detail, $re$(\$[0-9]+) = ('(?:[^']|'')*'|NULL)$re$, 'g') as found (parts)
        where detail ~* '^parameters: '
    ),

    bound as (
        select
            tokens.ordinal,
            case
                when tokens.kind = 'parameter' then
                    -- the server ends a value it cut with three dots
                    case
                        when parameters.value like '%...''' then null
                        -- the log quotes numbers too; a number that is written as one is given back as one
                        when parameters.value ~ '^''-?(0|[1-9][0-9]*)(\.[0-9]+)?''$' then btrim(parameters.value, '''')
                        else parameters.value
                    end
                else tokens.token
            end as token
        from staging.sql_tokens(statement) as tokens
        left join parameters on tokens.kind = 'parameter' and parameters.name = tokens.token
    )

    -- (most statements have none: their tokens are not read)
    select
        case
            when statement !~ '\$[0-9]' then statement
            else (select case when bool_and(token is not null) then string_agg(token, '' order by ordinal) end from bound)
        end
$function$;
{% endmacro %}
