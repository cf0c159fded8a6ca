{#- privacy.pseudonymize_literal(content, pii_class): what the text of a literal becomes. With a class, it is compared with a
    tagged column and is personal as a whole: an array element by element, a JSON document value by value, a pattern
    between its wildcards. A part of a value (like 'A%') is replaced too: by a whole surrogate, which finds nobody.
    Without one, it may be a value of a tagged column (birth dates apart: any date may be one), or hold one. -#}
{% macro function_pseudonymize_literal() %}
create or replace function privacy.pseudonymize_literal(content text, pii_class text)
returns text
language plpgsql stable
as $function$
declare
    known_class text;
    pattern_parts text[];
    elements text[];
    moved text;
begin
    -- (', ' in string_agg(full_name, ', ') says nothing about anybody)
    if content !~ '[{{ word_characters() }}]'
        or pii_class is null and content ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.+]*)?$' then
        return content;
    end if;

    if content ~ '^\s*[\[{].*[]}]\s*$' then
        begin
            return privacy.pseudonymized_document(content, pii_class);
        exception
            when data_exception then
                null;  -- no JSON
        end;
        if pii_class is not null then
            begin
                elements := array(
                    select privacy.pseudonymize_literal(split.element, pii_class)
                    from unnest(content::text[]) with ordinality as split (element, place)
                    order by split.place
                );
                return case when elements = content::text[] then content else elements::text end;
            exception
                when data_exception then
                    null;  -- no array
            end;
        end if;
    end if;

    if pii_class = 'birth_date' then
        moved := privacy.moved_date(content);
        -- what is no date may hold anything
        return case when moved ~ '^[0-9]{4}(-[0-9]{2}){0,2}' then moved else privacy.pseudonymized_text(moved) end;
    end if;

    select known.pii_class into known_class
    from privacy.surrogate_index as known
    where known.value_hash = privacy.value_hash(content)
        and known.pii_class <> 'birth_date'
        and (char_length(content) >= 4 or known.pii_class = pseudonymize_literal.pii_class)
    order by known.pii_class is distinct from pseudonymize_literal.pii_class, known.pii_class
    limit 1;
    if known_class is not null then
        return privacy.pseudonym(known_class, content);
    elsif pii_class is null then
        return privacy.pseudonymized_text(content);
    end if;

    -- wildcards of LIKE and of regular expressions at both ends stay
    pattern_parts := regexp_match(content, '^((?:[%^]|\.\*)*)(.*?)((?:[%$]|\.\*)*)$');
    return pattern_parts[1] || privacy.pseudonym(pii_class, pattern_parts[2]) || pattern_parts[3];
end
$function$;

-- A JSON document as text; the same characters where nothing in it is personal.
create or replace function privacy.pseudonymized_document(content text, pii_class text)
returns text
language plpgsql stable
as $function$
declare
    document constant jsonb := content;
    changed constant jsonb := privacy.pseudonymize_json(document, pii_class);
begin
    return case when changed = document then content else changed::text end;
end
$function$;

-- A JSON document with its personal values replaced: all of them under a class, else those that are known, and those whose
-- key is the name of a tagged column.
create or replace function privacy.pseudonymize_json(document jsonb, pii_class text)
returns jsonb
language plpgsql stable
as $function$
begin
    return case jsonb_typeof(document)
        when 'object' then (
            select coalesce(jsonb_object_agg(
                privacy.pseudonymized_text(key),
                privacy.pseudonymize_json(value, coalesce(pii_class, privacy.class_of_key(key)))
            ), '{}')
            from jsonb_each(document)
        )
        when 'array' then (
            select coalesce(jsonb_agg(privacy.pseudonymize_json(element, pii_class) order by place), '[]')
            from jsonb_array_elements(document) with ordinality as elements (element, place)
        )
        when 'string' then to_jsonb(privacy.pseudonymize_literal(document #>> '{}', pii_class))
        when 'number' then privacy.pseudonymize_number(document::text, pii_class)::jsonb
        else document
    end;
end
$function$;

create or replace function privacy.class_of_key(key text)
returns text
language plpgsql stable
as $function$
begin
    return (
        select min(tagged.pii_class) from privacy.tagged_columns as tagged where lower(tagged.column_name) = lower(key)
    );
end
$function$;

-- A number of SQL or JSON: personal if it is compared with a tagged column and is long enough for a phone, a card or an id
-- (a length or a count is not), if it is a year beside a birth date, or if it is a value of a tagged column.
create or replace function privacy.pseudonymize_number(number text, pii_class text)
returns text
language plpgsql stable
as $function$
declare
    known_class text;
begin
    if number !~ '^[0-9]{4,}$' then
        return number;
    elsif pii_class = 'birth_date' then
        return case when length(number) = 4 then privacy.moved_date(number) else number end;
    end if;
    select known.pii_class into known_class
    from privacy.surrogate_index as known
    where known.value_hash = privacy.value_hash(number)
        and known.surrogate ~ '^[0-9]+$'
        and (known.pii_class = pseudonymize_number.pii_class or length(number) >= 7)
    order by known.pii_class is distinct from pseudonymize_number.pii_class, known.pii_class
    limit 1;
    if known_class is null and length(number) >= 7 and pii_class in ('phone', 'card', 'national_id', 'token') then
        known_class := pii_class;
    elsif known_class is null and length(number) >= 13 then
        return privacy.pseudonymized_text(number);
    end if;
    return coalesce(privacy.pseudonym(known_class, number), number);
end
$function$;
{% endmacro %}
