{#- privacy.pseudonymize_sql(statement): a statement with every personal literal replaced by its pseudonym. A literal is
    personal if it is compared with a tagged column, is a value of a tagged column (birth dates apart: any date may be
    one), or matches a pattern. Comments and quoted names are scrubbed as text, and so is all that follows a quote or a
    comment without an end (a model may be cut off). Everything else is returned character for character.

    The column that a literal is compared with is the last one named before it, with an operator between them, or the
    next one after an operator; an
    alias is resolved through FROM and JOIN; a keyword that starts another condition forgets the column. -#}
{% macro function_pseudonymize_sql() %}
create or replace function privacy.pseudonymize_sql(statement text)
returns text
language plpgsql stable strict security definer set search_path = pg_catalog
as $function$
declare
    -- words between a column and its literal
    transparent constant text[] := array['in','not','like','ilike','similar','to','between','symmetric','any','some','all',
        'array','date','timestamp','timestamptz','is','distinct','escape','collate','cast','as','text','varchar'];
    comparing constant text[] := array['in','like','ilike','similar','between','any','some','all'];
    -- words that end a condition
    separating constant text[] := array['select','from','where','on','and','or','having','when','then','else','end','case',
        'group','order','by','limit','offset','union','except','intersect','join','left','right','inner','full','cross',
        'with','using','values','set','filter','over','partition'];
    tokens text[];
    kinds text[];
    tagged_tables jsonb := '{}';    -- alias or name → {column: class} of the statement's tagged tables
    any_table jsonb := '{}';        -- column → class, whichever table of the statement it is in
    personal text;                  -- class of the column in focus
    is_compared boolean := false;   -- an operator has followed it: to_char(birth_date, 'YYYY') compares nothing
    in_between boolean := false;
    class text;
    inner_text text;
    replaced text;
    result text := '';
    word text;
    next_word text;
    columns jsonb;
    i integer;
begin
    select array_agg(found.token order by found.ordinal), array_agg(found.kind order by found.ordinal)
    into tokens, kinds
    from staging.sql_tokens(statement) as found;

    -- which tagged tables the statement reads, under which names
    for word, columns in
        select tagged.table_name, jsonb_object_agg(tagged.column_name, tagged.pii_class)
        from privacy.tagged_columns as tagged
        group by tagged.table_schema, tagged.table_name
    loop
        for next_word in
            select lower(coalesce(names.alias[1], word))
            from regexp_matches(
                statement, '(?:^|[^[:alnum:]_])"?' || word || '"?(?:\s+(?:as\s+)?"?([[:alpha:]_][[:alnum:]_]*)"?)?', 'gi'
            ) as names (alias)
        loop
            any_table := any_table || columns;
            tagged_tables := tagged_tables || jsonb_build_object(word, columns, next_word, columns);
        end loop;
    end loop;

    for i in 1..coalesce(cardinality(tokens), 0) loop
        word := lower(btrim(tokens[i], '"'));
        if kinds[i] = 'comment' then
            result := result || privacy.pseudonymize_text(tokens[i]);
            continue;
        elsif tokens[i] in ('''', '"') or (tokens[i] = '/' and tokens[i + 1] = '*') then
            return result || privacy.pseudonymize_text(array_to_string(tokens[i :], ''));
        elsif kinds[i] = 'identifier' then
            is_compared := is_compared or word = any (comparing);
            if word = 'between' then
                in_between := true;
            elsif word = 'and' and in_between then
                in_between := false;
            elsif word = any (separating) then
                personal := null;
            elsif word = any (transparent) or tokens[i + 1] = '(' or tokens[i + 1] = '.' then
                null;
            elsif tokens[i - 1] = '.' and tagged_tables ? lower(btrim(tokens[i - 2], '"')) then
                personal := tagged_tables -> lower(btrim(tokens[i - 2], '"')) ->> word;
                is_compared := false;
            else
                personal := any_table ->> word;
                is_compared := false;
            end if;
            if tokens[i] ~ '^"' then
                result := result || privacy.pseudonymize_text(tokens[i]);
                continue;
            end if;
        elsif kinds[i] = 'literal' then
            class := case when is_compared then personal end;
            -- the other way round: '…' = column
            if class is null and tokens[i + 1] ~ '^(\s+|=)$' then
                class := any_table ->> lower((regexp_match(
                    array_to_string(tokens[i + 1 : i + 8], ''), '^\s*(?:=|<>|!=)\s*(?:[[:alpha:]_]+\.)?"?([[:alpha:]_][[:alnum:]_]*)'
                ))[1]);
            end if;
            if tokens[i] ~ '^''' then
                inner_text := replace(substr(tokens[i], 2, char_length(tokens[i]) - 2), '''''', '''');
                -- (', ' in string_agg(full_name, ', ') says nothing about anybody)
                if class is not null and inner_text ~ '[[:alnum:]]' then
                    -- a pattern keeps its wildcards at both ends
                    replaced := substring(inner_text from '^%*')
                        || coalesce(privacy.pseudonym(class, nullif(btrim(inner_text, '%'), '')), '')
                        || case when btrim(inner_text, '%') <> '' then substring(inner_text from '%*$') else '' end;
                else
                    select privacy.pseudonym(known.pii_class, inner_text) into replaced
                    from privacy.surrogate_index as known
                    where known.value_hash = privacy.value_hash(inner_text)
                        and known.pii_class <> 'birth_date' and char_length(inner_text) >= 4
                    order by known.pii_class
                    limit 1;
                    if inner_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.+]*)?$' then
                        replaced := inner_text;
                    end if;
                    replaced := coalesce(replaced, privacy.pseudonymize_text(inner_text));
                end if;
                result := result || '''' || replace(replaced, '''', '''''') || '''';
                continue;
            elsif class is not null then
                -- E'…', U&'…' and $$…$$ beside a tagged column: shape cannot be kept for sure, so nothing of it is
                result := result || '''' || privacy.surrogate(class, tokens[i]) || '''';
                continue;
            else
                result := result || privacy.pseudonymize_text(tokens[i]);
                continue;
            end if;
        elsif tokens[i] in ('=', '<>', '!=', '<', '>', '<=', '>=', '~') then
            is_compared := true;
        end if;
        result := result || tokens[i];
    end loop;
    return result;
end
$function$;
{% endmacro %}
