{#- privacy.compared_classes(tokens, kinds): for each token of a statement, the class of the tagged column that it is compared
    with, or null. Only literals and numbers have one.

    The column in focus is the last one named. An operator between it and a literal compares them; so do LIKE, IN, ANY,
    BETWEEN and functions such as starts_with. Casts, calls and typed literals (date '…') stand between without harm; a keyword
    that starts another condition, another column, or a comma outside of the list drops the focus. Where none is in focus, the next
    column behind an operator counts: '…' = column. Aliases of tables and of columns are followed. In rows that are compared
    the places tell (privacy.row_classes), in lists with names the names (privacy.list_classes). -#}
{% macro function_compared_classes() %}
-- alias or name → {column: class} of the tagged tables that a statement names; under '' all columns together.
create or replace function privacy.tagged_names(words text[])
returns jsonb
language plpgsql stable
as $function$
declare
    keywords constant text[] := array['on','where','join','left','right','inner','full','cross','natural','group','order','limit',
        'having','union','except','intersect','using','window','offset','fetch','for','set','tablesample','and','or','as'];
    tables jsonb;
    names jsonb := '{}';
    every jsonb := '{}';
    alias text;
begin
    select jsonb_object_agg(tagged.table_name, tagged.columns) into tables
    from (
        select lower(table_name) as table_name, jsonb_object_agg(lower(column_name), pii_class) as columns
        from privacy.tagged_columns
        where lower(table_name) = any (words)
        group by lower(table_name)
    ) as tagged;
    if tables is null then
        return null;
    end if;

    for i in 1..cardinality(words) loop
        if tables ? words[i] then
            every := every || (tables -> words[i]);
            names := names || jsonb_build_object(words[i], tables -> words[i]);
            alias := case when words[i + 1] = 'as' then words[i + 2] else words[i + 1] end;
            if alias ~ '^[[:alpha:]_\u0080-\uffff]' and alias <> all (keywords) then
                names := names || jsonb_build_object(alias, tables -> words[i]);
            end if;
        end if;
    end loop;
    -- full_name as n
    for i in 2..cardinality(words) - 1 loop
        if words[i] = 'as' and every ? words[i - 1] then
            every := every || jsonb_build_object(words[i + 1], every -> words[i - 1]);
        end if;
    end loop;
    return names || jsonb_build_object('', every);
end
$function$;

create or replace function privacy.compared_classes(tokens text[], kinds text[])
returns text[]
language plpgsql stable
as $function$
declare
    comparing_words constant text[] := array['in','like','ilike','similar','between','any','some','all','overlaps'];
    comparing_functions constant text[] := array['starts_with','strpos','position','nullif','greatest','least','regexp_like',
        'regexp_match','regexp_matches','regexp_count','regexp_instr','regexp_substr','similarity','word_similarity',
        'strict_word_similarity','levenshtein','levenshtein_less_equal','textregexeq','texteq','date_trunc_eq'];
    comparing_operators constant text[] := array['=','<>','!=','<','>','<=','>=','~','!~','~*','!~*','~~','!~~','~~*','!~~*',
        '^@','@>','<@','&&','@@','%','<%','%>','<->','<<','>>','<<=','>>='];
    -- words between a column and its literal
    transparent constant text[] := array['not','to','symmetric','asymmetric','array','is','distinct','collate','cast','values',
        'row','both','leading','trailing'];
    -- words that end a condition
    separating constant text[] := array['select','from','where','on','and','or','having','then','else','end','group','order',
        'by','limit','offset','union','except','intersect','join','left','right','inner','full','cross','natural','with','using',
        'set','filter','over','partition','returning','window'];
    -- a literal behind one of these is no value
    naming constant text[] := array['interval','escape','uescape','zone','collate'];
    places integer[];               -- of the tokens that are neither space nor comment
    words text[];                   -- those tokens, in lower case, without quotes
    names jsonb;
    classes text[] := array_fill(null::text, array[cardinality(tokens)]);
    class text;                     -- of the column in focus
    is_compared boolean := false;   -- an operator has followed it: to_char(birth_date, 'YYYY') compares nothing
    compared_depth integer := 0;
    in_between boolean := false;
    after_case boolean := false;
    case_class text;                -- case full_name when '…' then
    depth integer := 0;
    is_call boolean[] := array[]::boolean[];    -- of the open brackets: whether a function's
    opened_at integer[] := array[]::integer[];  -- where they stand
    class_at integer;               -- where the column in focus stands
    own_class text;
    is_row boolean[] := array[]::boolean[];     -- and whether a row, or another list that is no function's
    compares_rows boolean := false;
    word_kinds text[];
    row_classes text[];
    list_classes text[];
    kind text;
    word text;
begin
    select array_agg(place order by place), array_agg(lower(btrim(token, '"')) order by place)
    into places, words
    from unnest(tokens, kinds) with ordinality as split (token, kind, place)
    where split.kind not in ('space', 'comment');
    names := privacy.tagged_names(words);
    if names is null then
        return null;
    end if;

    for i in 1..cardinality(words) loop
        kind := kinds[places[i]];
        word := words[i];
        if kind = 'literal' or kind = 'number' then
            if words[i - 1] = any (naming) and kinds[places[i - 1]] = 'identifier' then
                continue;
            elsif is_compared and class is not null then
                classes[places[i]] := class;
            elsif case_class is not null and words[i - 1] = 'when' then
                classes[places[i]] := case_class;
            elsif kind = 'literal' or length(word) >= 4 then
                classes[places[i]] := privacy.class_behind(i, words, names, comparing_words || comparing_operators, transparent, separating);
            end if;

        elsif kind = 'identifier' then
            if word = 'between' then
                in_between := true;
                is_compared := class is not null;
                compared_depth := depth;
            elsif word = 'and' and in_between then
                in_between := false;
            elsif word = any (comparing_words) then
                if class is not null and not is_compared then
                    is_compared := true;
                    compared_depth := depth;
                end if;
            elsif word = 'from' and words[i - 1] = 'distinct' and words[i - 2] in ('is', 'not') then
                is_compared := class is not null;
                compared_depth := depth;
            elsif word in ('from', 'for') and depth > 0 and is_call[depth] then
                null;  -- substring(full_name from 1 for 3)
            elsif word = 'case' then
                class := null;
                after_case := true;
                case_class := null;
                continue;
            elsif word = 'when' then
                class := null;
                is_compared := false;
                continue;
            elsif word = 'select' and is_compared and words[i - 1] = '(' then
                null;  -- full_name in (select '…')
            elsif word = any (separating) then
                class := null;
                is_compared := false;
                if word = 'end' then
                    case_class := null;
                end if;
            elsif word = any (transparent) or words[i - 1] = '::' or words[i - 1] = 'as' or words[i + 1] = '.' then
                null;
            elsif words[i + 1] = '(' then
                if word = any (comparing_functions) then
                    class := null;
                    is_compared := true;
                    compared_depth := depth;
                end if;
            elsif kinds[places[i + 1]] = 'literal' and tokens[places[i]] !~ '^"' then
                null;  -- date '…'
            else
                if words[i - 1] = '.' and names ? words[i - 2] then
                    own_class := names -> words[i - 2] ->> word;
                else
                    own_class := names -> '' ->> word;
                end if;
                -- concat(full_name, ', ', city) and full_name || ', ' || city hold a name, whatever is behind it
                if own_class is not null or class is null or is_compared or not (
                    words[i - case when words[i - 1] = '.' then 3 else 1 end] = '||'
                    or depth > 0 and is_call[depth] and class_at > opened_at[depth]
                ) then
                    class := own_class;
                    class_at := i;
                end if;
                if after_case then
                    case_class := class;
                end if;
                -- in a call that compares, the column is only found now
                is_compared := is_compared and depth > compared_depth and is_call[compared_depth + 1] and class is not null;
            end if;

        elsif word = '(' then
            depth := depth + 1;
            is_call[depth] := i > 1 and kinds[places[i - 1]] = 'identifier'
                and words[i - 1] <> all (separating || comparing_words || transparent || array['as', 'exists', 'when']);
            is_row[depth] := false;
            opened_at[depth] := i;
        elsif word = ')' then
            compares_rows := compares_rows or depth > 0 and is_row[depth]
                and words[i + 1] = any (comparing_operators || array['in', 'not', 'is', 'between', 'overlaps']) is true;
            depth := greatest(depth - 1, 0);
            if is_compared and depth < compared_depth then
                class := null;
                is_compared := false;
            end if;
        elsif word = ',' then
            if depth > 0 then
                is_row[depth] := not is_call[depth];
            end if;
            if is_compared and depth <= compared_depth then
                class := null;
                is_compared := false;
            end if;
        elsif word = any (comparing_operators) and class is not null then
            is_compared := true;
            compared_depth := depth;
        end if;
        if kind <> 'symbol' or word not in ('(', '.') then
            after_case := after_case and words[i + 1] in ('.', '(');
        end if;
    end loop;
    if compares_rows or 'values' = any (words) or 'unnest' = any (words) then
        word_kinds := array(
            select kinds[place] from unnest(places) with ordinality as split (place, ordinal) order by ordinal
        );
        row_classes := privacy.row_classes(words, word_kinds, names);
        list_classes := privacy.list_classes(words, word_kinds, names);
        for i in 1..cardinality(words) loop
            if row_classes[i] is not null then
                classes[places[i]] := nullif(row_classes[i], '');
            elsif list_classes[i] is not null then
                classes[places[i]] := list_classes[i];
            end if;
        end loop;
    end if;
    return classes;
end
$function$;
{% endmacro %}
