{#- privacy.move_birth_dates(content): a text in which each day that is said to be one of birth is moved as privacy.moved_date
    moves it in SQL: the day behind a word of birth (born, birthday, dob, …) in the same sentence, and those listed with
    it (between … and …). Any other day may be anybody's, and stays. -#}
{% macro function_move_birth_dates() %}
-- A day as people write it; the year has four digits.
create or replace function privacy.day_pattern()
returns text
language sql immutable
as $function$
    select '\m(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}'
        || '|[0-9]{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?' || months.names || ',?\s+[0-9]{4}'
        || '|' || months.names || '\s+[0-9]{1,2}(?:st|nd|rd|th)?,?\s+[0-9]{4})\M'
    from (values (
        '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?'
        '|nov(?:ember)?|dec(?:ember)?)\.?'
    )) as months (names)
$function$;

create or replace function privacy.birth_day_pattern()
returns text
language sql immutable
as $function$
    select '\m(?:born|births?|birth_?dates?|birthdays?|dob)\M\.?[^0-9.;?!\n]{0,40}' || privacy.day_pattern()
        || '(?:[^0-9;?!\n[:alpha:]]{0,3}\s*(?:and|to|or|until)?[^0-9;?!\n[:alpha:]]{0,3}' || privacy.day_pattern() || ')*'
$function$;

create or replace function privacy.move_birth_dates(content text)
returns text
language plpgsql stable strict
as $function$
declare
    pattern text;
    between_matches text[];
    result text;
begin
    if content !~* '\m(?:born|births?|birth_?dates?|birthdays?|dob)\M' then
        return content;
    end if;
    pattern := privacy.birth_day_pattern();
    between_matches := regexp_split_to_array(content, pattern, 'i');
    if cardinality(between_matches) = 1 then
        return content;
    end if;
    result := between_matches[1];
    select result || string_agg(privacy.move_days(found.parts[1]) || between_matches[found.ordinal + 1], '' order by found.ordinal)
    into result
    from regexp_matches(content, '(' || pattern || ')', 'gi') with ordinality as found (parts, ordinal);
    return result;
end
$function$;

-- A stretch of a text with every day in it moved; 3rd and the like are read without their letters.
create or replace function privacy.move_days(stretch text)
returns text
language plpgsql stable strict
as $function$
declare
    pattern constant text := privacy.day_pattern();
    between_days constant text[] := regexp_split_to_array(stretch, pattern, 'i');
begin
    return (
        select between_days[1] || string_agg(
            privacy.moved_date(regexp_replace(found.parts[1], '([0-9])(?:st|nd|rd|th)\M(\s+of\M)?', '\1', 'i'))
                || between_days[found.ordinal + 1],
            '' order by found.ordinal
        )
        from regexp_matches(stretch, '(' || pattern || ')', 'gi') with ordinality as found (parts, ordinal)
    );
end
$function$;
{% endmacro %}
