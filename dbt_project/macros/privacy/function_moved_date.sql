{#- privacy.moved_date(value): what stands for a birth date, or a year or month of birth, in any form that PostgreSQL reads.
    All are moved by one secret number of days, so order, ranges and spans are kept: by 146 to 149 years, so that a moved
    date is nobody's birth date, is known as moved (before 1890), and is not moved twice. (A move by less could not be told
    from a birth date: what keeps dates apart and leaves its own results alone moves none of them.) A date before 1890 or
    after 2035 is a bound and nobody's, and stays; so does what has no year in it (the form 'YYYY', '60 years', '07-03').
    A year alone is moved by whole years, a month by whole months: the nearest to the days. -#}
{% macro function_moved_date() %}
create or replace function privacy.birth_date_days()
returns integer
language sql stable
as $function$
    select 53400 + (get_byte(seed, 0) * 256 + get_byte(seed, 1)) % 1024 from privacy.hmac('birth_date offset') as seed
$function$;

-- The day that a moved date was, for whoever may know: the owner, who has the key. As it stands where it is no date.
create or replace function privacy.date_before(moved text)
returns text
language plpgsql stable strict
as $function$
begin
    return (moved::date + privacy.birth_date_days())::text;
exception
    when data_exception then
        return moved;
end
$function$;

create or replace function privacy.moved_date(value text)
returns text
language plpgsql stable strict
as $function$
declare
    -- set by privacy.rotate_key alone: what was moved by so many days under the old key is moved on
    old_days constant integer := nullif(current_setting('auditune.old_birth_date_days', true), '');
    new_days constant integer := privacy.birth_date_days();
    days constant integer := new_days - coalesce(old_days, 0);
    months constant integer := round(new_days / 30.436875) - coalesce(round(old_days / 30.436875), 0);
    years constant integer := round(new_days / 365.2425) - coalesce(round(old_days / 365.2425), 0);
    first_year constant integer := case when old_days is null then 1890 else 1735 end;
    last_year constant integer := case when old_days is null then 2035 else 1889 end;
    moved date;
begin
    if value ~ '^[0-9]{4}$' then
        return case when value::integer between first_year and last_year then (value::integer - years)::text else value end;
    elsif value ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
        return case
            when left(value, 4)::integer between first_year and last_year
                then to_char((value || '-01')::date - make_interval(months => months), 'YYYY-MM')
            else value
        end;
    elsif value !~ '[0-9]' then
        return value;
    end if;
    moved := value;  -- raises an error where the value is no date
    if not isfinite(moved) or extract(year from moved) not between first_year and last_year then
        return value;
    end if;
    -- a time of day stays, in the one form that has it behind the date for sure
    return (moved - days)::text || coalesce(substring(value from '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.+-]+)$'), '');
exception
    when data_exception then
        -- no date for PostgreSQL ('[1961-07-03,1962-08-04]', 'about 1961'): the days in it are moved, and what looks like a year
        return (
            select string_agg(
                case
                    when length(found.parts[1]) = 10 and found.parts[1] ~ '-' and found.parts[1] <> value
                        then privacy.moved_date(found.parts[1])
                    when found.parts[1] ~ '^[0-9]{4}$' and found.parts[1]::integer between first_year and last_year
                        then (found.parts[1]::integer - years)::text
                    else found.parts[1]
                end,
                '' order by found.ordinal
            )
            from regexp_matches(value, '(\m[0-9]{4}-[0-9]{2}-[0-9]{2}\M|[0-9]+|[^0-9]+)', 'g') with ordinality as found (parts, ordinal)
        );
end
$function$;
{% endmacro %}
