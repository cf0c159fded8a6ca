{#- privacy.move_birth_dates(content): a text in which each day that is said to be one of birth is moved as privacy.moved_date
    moves it in SQL: the day behind a word of birth (born, birthday, dob, geboren, …) in the same sentence, and those
    listed with it (between … and …). Any other day may be anybody's, and stays.
    privacy.days_as_in(question, statement): a pseudonymized question that names the days of its pseudonymized SQL, where the
    columns tell which are of birth. Each day is moved whose moved form stands there, and which does not itself; each is put
    back that stands there as it was, beside another column, unless the question says that it is one of birth. A half-open
    range ends a day later in SQL than in words, so a day to either side counts.
    privacy.dates_as_in(question, statement): the same with years, a year to either side. For pairs: a year is nobody's and is
    stored as it was asked, for a new key could not tell it from a number.
    privacy.dates_disagree(question, statement): whether a day is still moved that the SQL has as it was: "orders of the
    birthday 2024-01-05". -#}
{% macro moved_day() -%}
\m1(?:7[3-9]|8[0-8])[0-9]-[0-9]{2}-[0-9]{2}\M
{%- endmacro %}

{% macro birth_words() -%}
born|births?|birth_?dates?|birthdays?|dob|geboren[a-z]*|geburts[a-z]+|naissance|née?s? (?:le|en)|nacid[oa]s?|nacimiento|nascita|nat[oai] il|urodz[[:alpha:]]+
{%- endmacro %}
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
    select '\m(?:{{ birth_words() }})\M\.?[^0-9.;?!\n]{0,40}' || privacy.day_pattern()
        || '(?:[^0-9;?!\n[:alpha:]]{0,3}\s*(?:and|to|or|until|und|bis|et|y|e|i)?[^0-9;?!\n[:alpha:]]{0,3}' || privacy.day_pattern() || ')*'
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
    if nullif(current_setting('auditune.old_birth_date_days', true), '') is not null then
        -- a new key: what was moved under the old one is moved on, whether or not the text says what it is
        pattern := '{{ moved_day() }}';
    elsif content !~* '\m(?:{{ birth_words() }})\M' then
        return content;
    else
        pattern := privacy.birth_day_pattern();
    end if;
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

-- A day as PostgreSQL reads it whatever its settings: 3rd and the like without their letters; of numbers alone the month is
-- the second one behind dots (3.7.1961), or where the first is none, else the first as in the server's own dates (7/3/1961).
create or replace function privacy.plain_day(written text)
returns text
language sql immutable strict
as $function$
    select regexp_replace(
        regexp_replace(written, '([0-9])(?:st|nd|rd|th)\M(\s+of\M)?', '\1', 'i'),
        '^(?:([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})|(1[3-9]|[23][0-9])[-/]([0-9]{1,2})[-/]([0-9]{4}))$',
        '\3\6-\2\5-\1\4'
    )
$function$;

create or replace function privacy.moved_as_in(question text, statement text, pattern text)
returns text
language plpgsql stable
as $function$
declare
    written text;
    rest text := question;
    result text := '';
    restored text;
begin
    if question ~ '{{ moved_day() }}' then
        restored := privacy.days_put_back(question, statement);
        if privacy.move_birth_dates(restored) = restored then
            rest := restored;
            question := restored;
        end if;
    end if;
    if statement ~ '\m1(?:7[3-9]|8[0-8])[0-9]' is not true then
        return question;  -- no SQL, or no birth date in it: most statements
    end if;
    loop
        written := substring(rest from '(?i)(' || pattern || ')');
        exit when written is null;
        result := result || left(rest, strpos(rest, written) - 1) || privacy.date_as_in(written, statement);
        rest := substr(rest, strpos(rest, written) + length(written));
    end loop;
    return result || rest;
end
$function$;

create or replace function privacy.days_as_in(question text, statement text)
returns text
language sql stable security definer set search_path = pg_catalog set datestyle = 'ISO, MDY'
as $function$
    select privacy.moved_as_in(question, statement, privacy.day_pattern())
$function$;

create or replace function privacy.dates_as_in(question text, statement text)
returns text
language sql stable set datestyle = 'ISO, MDY'
as $function$
    select privacy.moved_as_in(question, statement, privacy.day_pattern() || '|\m(?:1[89][0-9]{2}|20[0-3][0-9])(?=s?\M)')
$function$;

-- One day or year of a question.
create or replace function privacy.date_as_in(written text, statement text)
returns text
language plpgsql stable strict
as $function$
declare
    plain constant text := privacy.plain_day(written);
    moved constant text := privacy.moved_date(plain);
    forms text[];
begin
    if written ~ '^[0-9]{4}$' then
        forms := array[moved, (moved::integer - 1)::text, (moved::integer + 1)::text];
    elsif strpos(statement, written) = 0 then
        forms := array[moved, (moved::date - 1)::text, (moved::date + 1)::text];
    end if;
    if moved = plain or statement ~ ('\m' || case when written ~ '^[0-9]{4}$' then plain else plain::date::text end) then
        return written;
    end if;
    return case when statement ~ ('\m(?:' || array_to_string(forms, '|') || ')') then moved else written end;
exception
    when invalid_datetime_format or datetime_field_overflow then
        return written;  -- no day after all: 1961-13-45
end
$function$;

-- A question with each moved day put back that stands in its SQL as it was.
create or replace function privacy.days_put_back(question text, statement text)
returns text
language plpgsql stable
as $function$
declare
    moved text;
begin
    for moved in select distinct parts[1] from regexp_matches(question, '{{ moved_day() }}', 'g') as found (parts) loop
        if strpos(statement, moved) = 0 and strpos(statement, privacy.date_before(moved)) > 0 then
            question := replace(question, moved, privacy.date_before(moved));
        end if;
    end loop;
    return question;
end
$function$;

create or replace function privacy.dates_disagree(question text, statement text)
returns boolean
language sql stable strict
as $function$
    select exists (
        select 1
        from regexp_matches(question, '{{ moved_day() }}', 'g') as found (parts)
        where strpos(statement, found.parts[1]) = 0 and strpos(statement, privacy.date_before(found.parts[1])) > 0
    )
$function$;

-- A stretch of a text with every day in it moved.
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
            privacy.moved_date(privacy.plain_day(found.parts[1]))
                || between_days[found.ordinal + 1],
            '' order by found.ordinal
        )
        from regexp_matches(stretch, '(' || pattern || ')', 'gi') with ordinality as found (parts, ordinal)
    );
end
$function$;
{% endmacro %}
