{#- privacy.row_classes(words, kinds, names): what rows that are compared say of the literals in them, each of which is compared
    with the column at its own place: `(full_name, city) in (('…', '…'), ('…', '…'))`, `row('…', '…') = (full_name, city)`,
    `(full_name, city) in (values ('…', '…'))`, `('…', '…') in (select full_name, city from …)`.
    words, kinds: the tokens of a statement that are neither space nor comment; names: see privacy.tagged_names.
    Per word: null where it is no literal of such a row, '' where the column at its place has no tag, else the tag. -#}
{% macro function_row_classes() %}
create or replace function privacy.row_classes(words text[], kinds text[], names jsonb)
returns text[]
language plpgsql immutable
as $function$
declare
    -- a bracket behind one of these is no call
    before_rows constant text[] := array['select','from','where','on','and','or','not','having','when','then','else','case','by',
        'in','any','some','all','between','symmetric','asymmetric','values','row','distinct','overlaps','as','exists'];
    operators constant text[] := array['=','<>','!=','<','>','<=','>=','in','not','is','between','overlaps'];
    behind_operators constant text[] := array['distinct','from','any','some','all','symmetric','asymmetric','array','row'];
    ending_lists constant text[] := array['from','where','group','having','union','except','intersect','order','limit'];
    parents integer[];      -- of each word the bracket that it stands in, 0 where in none
    elements integer[];     -- and the element of it, from 1; 0 behind the list of a SELECT
    openings integer[];     -- of a bracket that closes the one that opens it
    closings integer[];     -- and the other way round
    sizes integer[];        -- of a bracket that opens a row the number of its elements, null of any other
    bracket integer := 0;
    element integer := 1;
    first_word integer;
    last_word integer;
    row_places integer[];
    tags text[];            -- of the columns, by the element
    result text[] := array_fill(null::text, array[cardinality(words)]);
begin
    for i in 1..cardinality(words) loop
        parents[i] := bracket;
        elements[i] := element;
        if kinds[i] = 'symbol' and words[i] in ('(', '[') then
            bracket := i;
            element := 1;
            sizes[i] := case
                when words[i] = '(' and (i = 1 or kinds[i - 1] <> 'identifier' or words[i - 1] = any (before_rows)) then 1
            end;
        elsif kinds[i] = 'symbol' and words[i] in (')', ']') and bracket > 0 then
            openings[i] := bracket;
            closings[bracket] := i;
            element := elements[bracket];
            bracket := parents[bracket];
        elsif words[i] = ',' and element > 0 then
            element := element + 1;
            sizes[bracket] := greatest(sizes[bracket], case when sizes[bracket] is not null then element end);
        elsif words[i] = 'select' then
            element := 1;
        elsif words[i] = any (ending_lists) and words[bracket + 1] in ('select', 'with') and words[i - 1] <> 'distinct' then
            element := 0;
        end if;
    end loop;

    for i in 1..cardinality(words) loop
        continue when openings[i] is null or coalesce(sizes[openings[i]], 0) < 2 or words[i + 1] <> all (operators);
        first_word := i + 1;
        while words[first_word] = any (operators || behind_operators) loop
            first_word := first_word + 1;
        end loop;
        last_word := closings[first_word];
        continue when last_word is null;
        if 'between' = any (words[i + 1 : first_word]) and words[last_word + 1] = 'and' then
            last_word := coalesce(closings[last_word + case when words[last_word + 2] = 'row' then 3 else 2 end], last_word);
        end if;

        row_places := openings[i] || privacy.innermost_rows(sizes, closings, sizes[openings[i]], first_word, last_word);
        tags := privacy.tags_of_rows(words, kinds, names, row_places, parents, elements, closings);
        continue when tags is null;
        foreach bracket in array row_places loop
            for place in bracket + 1..closings[bracket] - 1 loop
                if kinds[place] in ('literal', 'number') then
                    element := privacy.element_of_row(bracket, place, parents, elements);
                    if element > 0 then
                        result[place] := case when words[place - 1] = 'interval' then '' else coalesce(tags[element], '') end;
                    end if;
                end if;
            end loop;
        end loop;
    end loop;
    return result;
end
$function$;

-- The brackets between two words that hold so many elements and no other bracket that does: the rows in a list of rows.
create or replace function privacy.innermost_rows(
    sizes integer[], closings integer[], size integer, first_word integer, last_word integer
)
returns integer[]
language plpgsql immutable
as $function$
declare
    outer_row integer;      -- the last one found, as long as nothing is found in it
    result integer[] := '{}';
begin
    for place in first_word..last_word loop
        if sizes[place] = size and closings[place] is not null then
            if outer_row is not null and place > closings[outer_row] then
                result := result || outer_row;
            end if;
            outer_row := place;
        end if;
    end loop;
    return result || case when outer_row is not null then array[outer_row] else '{}' end;
end
$function$;

-- The tags of the columns that stand in rows, by the element; null where none has one.
create or replace function privacy.tags_of_rows(
    words text[], kinds text[], names jsonb, row_places integer[], parents integer[], elements integer[], closings integer[]
)
returns text[]
language plpgsql immutable
as $function$
declare
    bracket integer;
    element integer;
    tag text;
    result text[];
begin
    foreach bracket in array row_places loop
        for place in bracket + 1..closings[bracket] - 1 loop
            continue when kinds[place] <> 'identifier' or words[place + 1] in ('(', '.') or words[place - 1] = '::';
            if words[place - 1] = '.' and names ? words[place - 2] then
                tag := names -> words[place - 2] ->> words[place];
            else
                tag := names -> '' ->> words[place];
            end if;
            element := privacy.element_of_row(bracket, place, parents, elements);
            if tag is not null and element > 0 then
                result[element] := tag;
            end if;
        end loop;
    end loop;
    return result;
end
$function$;

-- In which element of a bracket a word in it stands, however deep.
create or replace function privacy.element_of_row(bracket integer, place integer, parents integer[], elements integer[])
returns integer
language plpgsql immutable
as $function$
begin
    while parents[place] <> bracket loop
        place := parents[place];
    end loop;
    return elements[place];
end
$function$;
{% endmacro %}
