{#- staging.asked_statement(statement): the one query in what a driver sent. Drivers wrap a query into a transaction or a
    cursor, in one message: `BEGIN;declare "C" cursor with hold for select …;fetch 100 in "C"` (psqlODBC),
    `DECLARE "c" CURSOR FOR select …` (psycopg2). Transaction control, FETCH and CLOSE are taken off, and what a cursor is
    declared for is the query. A message of several statements comes back as it is.
    (Called only where there is a `;` inside or the word declare: reading tokens costs time.) -#}
{% macro function_asked_statement() %}
create or replace function staging.asked_statement(statement text)
returns text
language sql immutable strict parallel safe
as $function$
    with tokens as (
        select
            *,
            -- (a semicolon belongs to the statement that it ends)
            count(*) filter (where token = ';') over (order by ordinal rows between unbounded preceding and 1 preceding) as part
        from staging.sql_tokens(statement)
    ),

    words as (
        select
            *,
            row_number() over (partition by part order by ordinal) as place
        from tokens
        where kind not in ('space', 'comment')
    ),

    parts as (
        select
            part,
            lower(min(token) filter (where place = 1)) as first_word,
            -- DECLARE name [options] CURSOR [options] FOR query
            min(ordinal) filter (where lower(token) = 'for') as for_ordinal
        from words
        group by part
    ),

    asked as (
        select *
        from parts
        where first_word not in (
            ';', 'begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release', 'fetch', 'move', 'close'
        )
    )

    select
        case
            when (select count(*) from asked) <> 1 then statement
            else (
                select ltrim(string_agg(tokens.token, '' order by tokens.ordinal), E' \t\r\n')
                from tokens
                inner join asked on tokens.part = asked.part
                where asked.first_word <> 'declare' or tokens.ordinal > coalesce(asked.for_ordinal, 0)
            )
        end
$function$;
{% endmacro %}
