{#- privacy.literal_value(token, escape): the text that a literal of SQL stands for, in every form that PostgreSQL has:
    '…', N'…', E'…', U&'…' (with the character of its UESCAPE, default a backslash), $tag$…$tag$. Bit strings as they are. -#}
{% macro function_literal_value() %}
create or replace function privacy.literal_value(token text, escape text)
returns text
language plpgsql immutable parallel safe
as $function$
begin
    if token ~ '^[nN]?''' then
        return replace(substring(token from '''(.*)''$'), '''''', '''');
    elsif token ~ '^[eE]''' then
        return privacy.unescaped(replace(substring(token from '''(.*)''$'), '''''', ''''));
    elsif token ~ '^[uU]&''' then
        return privacy.unicode_unescaped(replace(substring(token from '''(.*)''$'), '''''', ''''), coalesce(escape, '\'));
    elsif token ~ '^\$' then
        return substring(token from '^\$[^$]*\$(.*)\$[^$]*\$$');
    end if;
    return token;
end
$function$;

-- The inside of E'…', quotes undoubled: \n and its like, octal and hexadecimal bytes, \uXXXX, and any other character for
-- itself. What is no text in the end is returned as it stands; PostgreSQL refuses such a statement.
create or replace function privacy.unescaped(body text)
returns text
language plpgsql immutable strict parallel safe
as $function$
begin
    return convert_from((
        select string_agg(
            case
                when piece ~ '^\\x[0-9A-Fa-f]' then decode(lpad(substr(piece, 3), 2, '0'), 'hex')
                when piece ~ '^\\[0-7]'
                    then set_byte('\x00', 0, (
                        select sum(digit::integer * 8 ^ (length(piece) - 1 - place))::integer % 256
                        from regexp_split_to_table(substr(piece, 2), '') with ordinality as octal (digit, place)
                    ))
                when piece ~ '^\\[uU][0-9A-Fa-f]{4}' then convert_to(privacy.characters_of(array[substr(piece, 3)]), 'UTF8')
                else convert_to(
                    case left(piece, 2)
                        when '\b' then chr(8) when '\f' then chr(12) when '\n' then chr(10)
                        when '\r' then chr(13) when '\t' then chr(9) when '\v' then chr(11)
                        else regexp_replace(piece, '^\\(.)', '\1')
                    end,
                    'UTF8'
                )
            end,
            ''::bytea order by found.ordinal
        )
        from regexp_matches(
            body,
            '(\\x[0-9A-Fa-f]{1,2}|\\[0-7]{1,3}|\\u[0-9A-Fa-f]{4}(?:\\u[dD][c-fC-F][0-9A-Fa-f]{2})?|\\U[0-9A-Fa-f]{8}|\\.|\\|[^\\]+)',
            'g'
        ) with ordinality as found (parts, ordinal)
        cross join lateral (select found.parts[1] as piece) as pieces
    ), 'UTF8');
exception
    when others then
        return body;
end
$function$;

-- The inside of U&'…', quotes undoubled: \XXXX, \+XXXXXX, and the escape character twice for itself.
create or replace function privacy.unicode_unescaped(body text, escape text)
returns text
language plpgsql immutable strict parallel safe
as $function$
declare
    -- a character that no text has stands for the escape, so that the patterns need not care which it is
    marked constant text := replace(replace(body, escape || escape, chr(2)), escape, chr(1));
begin
    return coalesce((
        select string_agg(
            case
                when piece ~ '^\u0001' then privacy.characters_of(regexp_split_to_array(translate(substr(piece, 2), '+', ''), chr(1)))
                else piece
            end,
            '' order by found.ordinal
        )
        from regexp_matches(
            replace(marked, chr(2), escape),
            '(\u0001[dD][89abAB][0-9A-Fa-f]{2}\u0001[dD][c-fC-F][0-9A-Fa-f]{2}|\u0001[0-9A-Fa-f]{4}|\u0001\+[0-9A-Fa-f]{6}|[^\u0001]+)',
            'g'
        ) with ordinality as found (parts, ordinal)
        cross join lateral (select found.parts[1] as piece) as pieces
    ), '');
exception
    when others then
        return body;
end
$function$;

-- The characters of hexadecimal code points; two surrogates of UTF-16 are one character.
create or replace function privacy.characters_of(code_points text[])
returns text
language plpgsql immutable strict parallel safe
as $function$
declare
    codes integer[];
begin
    select array_agg(('x' || lpad(code, 8, '0'))::bit(32)::integer order by place) into codes
    from unnest(regexp_split_to_array(array_to_string(code_points, '\u'), '\\u')) with ordinality as given (code, place);
    if cardinality(codes) = 2 then
        return chr(65536 + (codes[1] - 55296) * 1024 + codes[2] - 56320);
    end if;
    return chr(codes[1]);
end
$function$;
{% endmacro %}
