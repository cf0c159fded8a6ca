{#- privacy.list_classes(words, kinds, names): the literals of a list that has names, each with the tag of the column that its
    name is compared with: `join (values ('…', '…')) as v (who, town) on full_name = v.who`, `with v (who) as (values ('…'))`,
    `unnest(array['…']) as who`. words, kinds, names, and what is returned: see privacy.row_classes. -#}
{% macro function_list_classes() %}
create or replace function privacy.list_classes(words text[], kinds text[], names jsonb)
returns text[]
language plpgsql immutable
as $function$
declare
    opened integer;         -- the list's brackets
    closed integer;
    first_name integer;     -- where its columns' names begin
    last_name integer;
    tags text[];            -- of its columns
    depth integer;
    row_depth integer;      -- the depth of the commas between its columns
    element integer;
    result text[] := array_fill(null::text, array[cardinality(words)]);
begin
    for place in 2..cardinality(words) loop
        continue when kinds[place] <> 'identifier' or words[place] not in ('values', 'unnest');
        opened := case words[place] when 'values' then place - 1 else place + 1 end;
        continue when words[opened] is distinct from '(';
        closed := privacy.closing_bracket(words, kinds, opened);

        first_name := closed + 1;
        if words[first_name] = 'with' and words[first_name + 1] = 'ordinality' then
            first_name := first_name + 2;
        end if;
        if words[first_name] = 'as' then
            first_name := first_name + 1;
        end if;
        if words[first_name + 1] = '(' then                                     -- … as v (who, town)
            first_name := first_name + 2;
        elsif words[place] = 'values' then                                      -- with v (who, town) as (…
            last_name := opened - 1;
            while words[last_name] in ('as', 'materialized', 'not') loop
                last_name := last_name - 1;
            end loop;
            first_name := last_name - 1;
            while first_name > 1 and words[first_name] <> '(' loop
                first_name := first_name - 1;
            end loop;
            first_name := first_name + 1;
        end if;

        tags := '{}';
        last_name := first_name;
        while kinds[last_name] = 'identifier' loop
            tags := tags || privacy.tag_beside(words, kinds, names, words[last_name], opened, closed);
            exit when words[last_name + 1] is distinct from ',';
            last_name := last_name + 2;
        end loop;
        continue when array_remove(tags, null) = '{}';

        depth := 0;
        row_depth := case words[place] when 'values' then 2 else 1 end;
        for i in opened..closed loop
            if kinds[i] = 'symbol' and words[i] in ('(', '[') then
                depth := depth + 1;
                element := case when depth = row_depth then 1 else element end;
            elsif kinds[i] = 'symbol' and words[i] in (')', ']') then
                depth := depth - 1;
            elsif words[i] = ',' and depth = row_depth then
                element := element + 1;
            elsif kinds[i] in ('literal', 'number') and tags[element] is not null then
                result[i] := tags[element];
            end if;
        end loop;
    end loop;
    return result;
end
$function$;

-- The bracket that closes another; the last word where none does.
create or replace function privacy.closing_bracket(words text[], kinds text[], opened integer)
returns integer
language plpgsql immutable
as $function$
declare
    depth integer := 0;
begin
    for place in opened..cardinality(words) loop
        if kinds[place] = 'symbol' then
            depth := depth + case words[place] when '(' then 1 when ')' then -1 else 0 end;
            if depth = 0 then
                return place;
            end if;
        end if;
    end loop;
    return cardinality(words);
end
$function$;

-- The tag of a column that a name is compared with somewhere outside of its list; else of the column of that name.
create or replace function privacy.tag_beside(
    words text[], kinds text[], names jsonb, name text, opened integer, closed integer
)
returns text
language plpgsql immutable
as $function$
declare
    operators constant text[] := array['=','<>','!=','<','>','<=','>=','like','ilike','in','~','~*'];
    -- what may stand between the two, beside the name of a table and its dot
    between_names constant text[] := array['(',')','[',']','.','::','select','distinct','not','any','some','all','lower','upper',
        'trim','btrim','text','varchar','date','is','from'];
    at_word integer;
    direction integer;
    is_compared boolean;
begin
    for place in 1..cardinality(words) loop
        continue when words[place] <> name or kinds[place] <> 'identifier' or place between opened and closed;
        foreach direction in array array[1, -1] loop
            is_compared := false;
            for distance in 1..12 loop
                at_word := place + distance * direction;
                exit when words[at_word] is null;
                if words[at_word] = any (operators) then
                    is_compared := true;
                elsif names -> '' ? words[at_word] then
                    exit when not is_compared;
                    return names -> '' ->> words[at_word];
                else
                    exit when words[at_word] <> all (between_names) and words[at_word + 1] is distinct from '.';
                end if;
            end loop;
        end loop;
    end loop;
    return names -> '' ->> name;
end
$function$;
{% endmacro %}
