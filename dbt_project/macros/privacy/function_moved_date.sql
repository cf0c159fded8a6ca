{#- privacy.moved_date(value): what stands for a birth date, or a year or month of birth, in any form that PostgreSQL reads.
    All are moved by one secret number of days, so order, ranges and spans are kept: by 146 to 149 years, so that a moved
    date is nobody's birth date, is known as moved (before 1890), and is not moved twice. A date after 2100 or before 1890
    is a bound and nobody's, and stays; so does what has no year in it (the form 'YYYY', '60 years', '07-03').
    A year alone is moved by whole years, a month by whole months: the nearest to the days. -#}
{% macro function_moved_date() %}
create or replace function privacy.birth_date_days()
returns integer
language sql stable
as $function$
    select 53400 + (get_byte(seed, 0) * 256 + get_byte(seed, 1)) % 1024 from privacy.hmac('birth_date offset') as seed
$function$;

create or replace function privacy.moved_date(value text)
returns text
language plpgsql stable strict
as $function$
declare
    days constant integer := privacy.birth_date_days();
    moved date;
begin
    if value ~ '^[0-9]{4}$' then
        return case when value between '1890' and '2100' then (value::integer - round(days / 365.2425))::text else value end;
    elsif value ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
        moved := value || '-01';
        return case
            when value between '1890-01' and '2100-12' then
                to_char(moved - make_interval(months => round(days / 30.436875)::integer), 'YYYY-MM')
            else value
        end;
    elsif value !~ '[0-9]' then
        return value;
    end if;
    moved := value;  -- raises an error where the value is no date
    if moved not between '1890-01-01' and '2100-12-31' then
        return value;
    end if;
    -- a time of day stays, in the one form that has it behind the date for sure
    return (moved - days)::text || coalesce(substring(value from '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.+-]+)$'), '');
exception
    when datetime_field_overflow or invalid_datetime_format or invalid_text_representation then
        -- no date for PostgreSQL ('about 1961', '60 years'): what looks like a year in it is moved
        return (
            select string_agg(
                case
                    when found.parts[1] ~ '^[0-9]{4}$' and found.parts[1] between '1890' and '2100'
                        then (found.parts[1]::integer - round(days / 365.2425))::text
                    else found.parts[1]
                end,
                '' order by found.ordinal
            )
            from regexp_matches(value, '([0-9]+|[^0-9]+)', 'g') with ordinality as found (parts, ordinal)
        );
end
$function$;
{% endmacro %}
