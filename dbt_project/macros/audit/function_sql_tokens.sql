{#- staging.sql_tokens(text): one row per token of a statement; joined in order, the tokens are the statement again.
    kind: comment | literal | identifier | parameter | number | space | symbol.
    POSIX regular expressions take the longest match, and every alternative starts with characters of its own. Two things
    are not regular: a dollar quote ends where its own tag stands again, and comments are nested. Statements that have
    them are cut there, and the pieces between are split as all others are. -#}
{% macro function_sql_tokens() %}
create or replace function staging.plain_sql_tokens(statement text)
returns text[]
language sql immutable strict parallel safe
as $function$
    select array_agg(matches.parts[1] order by matches.ordinal)
    from regexp_matches(
        statement,
        $re$(--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/|[eE]'(?:[^'\\]|''|\\.)*'|[uU]&'(?:[^']|'')*'|[bBnNxX]?'(?:[^']|'')*'|"(?:[^"]|"")*"|\$[0-9]+|\$(?:[[:alpha:]_\u0080-\uffff][[:alnum:]_\u0080-\uffff]*)?\$|[[:alpha:]_\u0080-\uffff][[:alnum:]_$\u0080-\uffff]*|[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\s+|::|<=|>=|<>|!=|\|\||->>|->|#>>|#>|@>|<@|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|\^@|&&|@@|<->|<%|%>|<<=|>>=|<<|>>|.)$re$,
        'g'
    ) with ordinality as matches (parts, ordinal)
$function$;

create or replace function staging.uneven_sql_tokens(statement text)
returns text[]
language plpgsql immutable strict parallel safe
as $function$
declare
    rest text := statement;
    plain text[];
    result text[] := '{}';
    length_before integer;
    opening text;
    width integer;
begin
    while rest <> '' loop
        plain := staging.plain_sql_tokens(rest);
        -- up to the first dollar quote, or comment with another in it
        length_before := 0;
        opening := null;
        for i in 1..cardinality(plain) loop
            if plain[i] ~ '^\$[^0-9].*\$$|^\$\$' or plain[i] ~ '^/\*.*/\*' or (plain[i] = '/' and plain[i + 1] = '*') then
                opening := plain[i];
                plain := plain[1 : i - 1];
                exit;
            end if;
            length_before := length_before + length(plain[i]);
        end loop;
        result := result || plain;
        exit when opening is null;
        rest := substr(rest, length_before + 1);
        if opening ~ '^/' then
            width := staging.comment_width(rest);
        else
            width := nullif(strpos(substr(rest, length(opening) + 1), opening), 0) + 2 * length(opening) - 1;
        end if;
        if width is null then
            -- without an end: the first character alone, and the rest as it comes
            return result || left(rest, 1) || staging.plain_sql_tokens(substr(rest, 2));
        end if;
        result := result || left(rest, width);
        rest := substr(rest, width + 1);
    end loop;
    return result;
end
$function$;

-- The length of the comment that a text begins with, the comments in it included; null where it has no end.
create or replace function staging.comment_width(content text)
returns integer
language plpgsql immutable strict parallel safe
as $function$
declare
    depth integer := 0;
    width integer := 0;
    part text;
begin
    for part in select parts[1] from regexp_matches(content, '(/\*|\*/|[^*/]+|.)', 'g') as found (parts) loop
        width := width + length(part);
        depth := depth + case part when '/*' then 1 when '*/' then -1 else 0 end;
        if depth = 0 then
            return width;
        end if;
    end loop;
    return null;
end
$function$;

create or replace function staging.sql_token_array(statement text)
returns text[]
language sql immutable strict parallel safe
as $function$
    select case
        when statement ~ '\$([[:alpha:]_\u0080-\uffff][[:alnum:]_\u0080-\uffff]*)?\$|/\*([^*]|\*+[^*/])*/\*'
            then staging.uneven_sql_tokens(statement)
        else staging.plain_sql_tokens(statement)
    end
$function$;

-- The kind of a token, from its first character and its last (what has a beginning and no end is a symbol). Without a regular
-- expression: one is nothing for a statement, but these are a hundred.
create or replace function staging.sql_token_kind(token text)
returns text
language sql immutable parallel safe  -- not strict: such a function is not inlined
as $function$
    select case
        when ascii(token) in (32, 9, 10, 11, 12, 13) then 'space'
        when ascii(token) = 39 then case when length(token) > 1 then 'literal' else 'symbol' end
        when ascii(token) = 34 then 'identifier'
        when ascii(token) between 48 and 57 then 'number'
        when ascii(token) between 65 and 90 or ascii(token) between 97 and 122 or ascii(token) = 95 or ascii(token) > 127
            then case when right(token, 1) = '''' then 'literal' else 'identifier' end
        when ascii(token) = 36 and length(token) > 1 then case when right(token, 1) = '$' then 'literal' else 'parameter' end
        when left(token, 2) in ('--', '/*') then 'comment'
        else 'symbol'
    end
$function$;

create or replace function staging.sql_tokens(statement text)
returns table (ordinal bigint, token text, kind text)
language sql immutable strict parallel safe
as $function$
    select split.ordinal, split.token, staging.sql_token_kind(split.token) as kind
    from unnest(staging.sql_token_array(statement)) with ordinality as split (token, ordinal)
$function$;
{% endmacro %}
