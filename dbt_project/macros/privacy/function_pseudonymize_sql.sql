{#- privacy.pseudonymize_sql(statement): a statement with every personal literal replaced by its pseudonym. A literal is
    personal if it is compared with a tagged column, is or holds a value of a tagged column, or matches a pattern.
    Comments and quoted names are scrubbed as text, and so is all that follows a quote or a comment without an end (a
    model may be cut off). Everything else is returned character for character.
    A literal that changes is written '…', whatever its form was; those that are one value in pieces ('a' || 'b', or 'a' and
    'b' on two lines) become one. -#}
{% macro function_pseudonymize_sql() %}
-- Whether a text has a word that a known value begins with.
create or replace function privacy.has_known_head(content text)
returns boolean
language plpgsql stable strict
as $function$
begin
    return exists (
        select 1
        from (
            select {{ hmac("'head:' || split.word") }} as head_hash
            from (
                select distinct lower(found.parts[1]) as word
                from regexp_matches(content, '([{{ word_characters() }}]+)', 'g') as found (parts)
            ) as split
            cross join privacy.keys
            where keys.is_active
            offset 0  -- one hash a word, not one a comparison
        ) as heads
        where (select true from privacy.surrogate_index as known where known.head_hash = heads.head_hash limit 1)
    );
end
$function$;

create or replace function privacy.names_tagged_table(statement text)
returns boolean
language plpgsql stable strict
as $function$
declare
    folded constant text := lower(statement);
begin
    return exists (
        select 1 from privacy.tagged_columns as tagged where strpos(folded, lower(tagged.table_name)) > 0
    );
end
$function$;

create or replace function privacy.pseudonymized_sql(statement text)
returns text
language plpgsql stable strict
as $function$
declare
    tokens text[];
    kinds text[];
    classes text[];        -- of the columns that the tokens are compared with
    may_hold boolean;      -- whether what is beside no tagged column may hold something personal; mostly not
    code_may_hold boolean := false;
    next_token integer := 1;
    cut_off integer;
    literal record;
    class text;
    changed text;
    code text := '';       -- what has been passed since the last literal or comment
    result text := '';
begin
    may_hold := privacy.has_known_head(statement)
        or statement ~* privacy.personal_pattern()
        or statement ~* privacy.birth_day_pattern()
        or statement ~ '[eE]''|[uU]&''|\\|%[0-9A-Fa-f]{2}|->>';  -- what is hidden in escapes, or named by a key
    if not may_hold and not privacy.names_tagged_table(statement) then
        return statement;
    end if;
    tokens := staging.sql_token_array(statement);
    kinds := array(
        select staging.sql_token_kind(split.token) from unnest(tokens) with ordinality as split (token, place) order by split.place
    );
    -- a literal without an end goes to the end
    cut_off := array_position(tokens, '''');
    if cut_off is not null then
        tokens := tokens[: cut_off - 1] || array_to_string(tokens[cut_off :], '');
        kinds := kinds[: cut_off - 1] || 'literal'::text;
    end if;
    if 'literal' = any (kinds) or 'number' = any (kinds) then
        classes := privacy.compared_classes(tokens, kinds);
    end if;

    if may_hold then
        -- looked at once as a whole, for there is hardly ever anything in it
        code := array_to_string(array(
            select case when split.kind in ('literal', 'comment') then '|' else split.token end
            from unnest(tokens, kinds) with ordinality as split (token, kind, place)
            order by split.place
        ), '');
        code_may_hold := privacy.pseudonymize_code(code, true) <> code;
        code := '';
    end if;

    while next_token <= cardinality(tokens) loop
        class := classes[next_token];
        if class is null and not may_hold then
            code := code || tokens[next_token];
        elsif next_token = cut_off then
            return result || privacy.pseudonymize_code(code, code_may_hold) || ''''
                || privacy.pseudonymize_literal(substr(tokens[next_token], 2), class);
        elsif tokens[next_token] in ('"', '$') or (tokens[next_token] = '/' and tokens[next_token + 1] = '*') then
            -- without an end
            return result || privacy.pseudonymize_code(code, code_may_hold)
                || privacy.pseudonymized_text(array_to_string(tokens[next_token :], ''));
        elsif kinds[next_token] = 'literal' then
            literal := privacy.whole_literal(tokens, kinds, next_token);
            changed := privacy.pseudonymize_literal(
                literal.content, coalesce(class, privacy.class_of_arrow(tokens, kinds, next_token))
            );
            result := result || privacy.pseudonymize_code(code, code_may_hold) || case
                when changed = literal.content then array_to_string(tokens[next_token : literal.last_token], '')
                when tokens[next_token] ~ '^\$' and strpos(changed, '$') = 0
                    then replace(tokens[next_token], literal.content, changed)
                else '''' || replace(changed, '''', '''''') || ''''
            end;
            code := '';
            next_token := literal.last_token;
        elsif kinds[next_token] = 'comment' then
            result := result || privacy.pseudonymize_code(code, code_may_hold) || privacy.pseudonymize_comment(tokens[next_token]);
            code := '';
        elsif kinds[next_token] = 'number' and length(tokens[next_token]) >= 4 then
            code := code || privacy.pseudonymize_number(tokens[next_token], class);
        elsif tokens[next_token] ~ '^"' then
            code := code || '"' || replace(
                privacy.pseudonymized_text(replace(substr(tokens[next_token], 2, length(tokens[next_token]) - 2), '""', '"')), '"', '""'
            ) || '"';
        else
            code := code || tokens[next_token];
        end if;
        next_token := next_token + 1;
    end loop;
    return result || privacy.pseudonymize_code(code, code_may_hold);
end
$function$;

-- The value of the literal at a place, with the pieces of it that follow, and the last token of them.
create or replace function privacy.whole_literal(
    tokens text[], kinds text[], first_token integer, out content text, out last_token integer
)
language plpgsql immutable
as $function$
declare
    is_escaped constant boolean := tokens[first_token] ~ '^[eE]''';
    at_token integer := first_token;
    escape text;
begin
    -- U&'…' UESCAPE '!'
    last_token := first_token;
    if tokens[first_token] ~ '^[uU]&' then
        while kinds[at_token + 1] in ('space', 'comment') loop
            at_token := at_token + 1;
        end loop;
        if lower(tokens[at_token + 1]) = 'uescape' then
            at_token := at_token + 2;
            while kinds[at_token] = 'space' loop
                at_token := at_token + 1;
            end loop;
            escape := substr(tokens[at_token], 2, 1);
            last_token := at_token;
        end if;
    end if;
    content := privacy.literal_value(tokens[first_token], escape);
    if tokens[first_token] ~ '^[$bBxX]' then
        return;
    end if;
    loop
        at_token := last_token + 1;
        while kinds[at_token] = 'space' or tokens[at_token] = '||' loop
            at_token := at_token + 1;
        end loop;
        exit when at_token > cardinality(tokens) or kinds[at_token] <> 'literal' or tokens[at_token] !~ '^[eEnN]?''.*''$';
        content := content || privacy.literal_value(
            -- a piece on the next line has the escapes of the first
            case when is_escaped and array_position(tokens[last_token + 1 : at_token], '||') is null then 'E' else '' end
                || tokens[at_token],
            null
        );
        last_token := at_token;
    end loop;
end
$function$;

-- payload ->> 'email' = '…': the class of the tagged column that the key is the name of.
create or replace function privacy.class_of_arrow(tokens text[], kinds text[], place integer)
returns text
language plpgsql stable
as $function$
declare
    before text[];
begin
    if '->>' <> all (tokens) and '->' <> all (tokens) then
        return null;
    end if;
    select array_agg(tokens[behind] order by behind desc) into before
    from generate_series(greatest(place - 12, 1), place - 1) as behind
    where kinds[behind] not in ('space', 'comment') and tokens[behind] not in ('(', ')');
    if before[1] in ('=', '<>', '!=', '~', '~*') or lower(before[1]) in ('like', 'ilike', 'in') then
        return case when before[3] in ('->', '->>') then privacy.class_of_key(btrim(before[2], '''')) end;
    end if;
    return null;
end
$function$;

-- A comment, scrubbed as text; one that is encoded for URLs (sqlcommenter) is decoded where it holds something.
create or replace function privacy.pseudonymize_comment(comment text)
returns text
language plpgsql stable
as $function$
declare
    decoded text;
    changed text;
begin
    if comment ~ '%[0-9A-Fa-f]{2}' then
        decoded := translate(staging.url_decode(comment), E'\n', ' ');
        changed := privacy.pseudonymized_text(decoded);
        if changed <> decoded then
            return case
                when comment ~ '^/\*' then '/*' || replace(substr(changed, 3, length(changed) - 4), '*/', '* /') || '*/'
                else changed
            end;
        end if;
    end if;
    return privacy.pseudonymized_text(comment);
end
$function$;

-- Code between literals: a name of two words and more, or an e-mail address, that somebody forgot to quote.
create or replace function privacy.pseudonymize_code(code text, may_hold boolean)
returns text
language plpgsql stable
as $function$
begin
    if not may_hold then
        return code;
    elsif code ~ '[[:alnum:]]@[[:alnum:]-]+\.' then
        return privacy.pseudonymized_text(code);
    elsif code ~ '[[:alnum:]]\s+[[:alnum:]]' then
        return privacy.pseudonymize_words(code, 2);
    end if;
    return code;
end
$function$;

-- Until nothing changes, as privacy.pseudonymize_text.
create or replace function privacy.pseudonymize_sql(statement text)
returns text
language plpgsql volatile strict security definer set search_path = pg_catalog set datestyle = 'ISO, MDY'
as $function$
declare
    before text := statement;
    result text;
begin
    perform privacy.see_latest();
    result := privacy.pseudonymized_sql(statement);
    for again in 1..4 loop
        exit when result = before;
        before := result;
        result := privacy.pseudonymized_sql(before);
    end loop;
    return result;
end
$function$;
{% endmacro %}
