{#- Checksums of the classes that have one: Luhn (ISO/IEC 7812) for cards, mod 97 (ISO 13616) for IBANs.
    privacy.passes(checksum, value): whether a match of a pattern is what it looks like; true where the pattern names none. -#}
{% macro function_checksums() %}
-- the digit that makes a card's other digits a valid number
create or replace function privacy.luhn_digit(digits text)
returns text
language sql immutable strict parallel safe
as $function$
    select ((10 - sum(
        case
            when (length(digits) - place) % 2 = 1 then digit
            else digit * 2 - case when digit > 4 then 9 else 0 end
        end
    ) % 10) % 10)::text
    from generate_series(1, length(digits)) as place
    cross join lateral cast(substr(digits, place, 1) as integer) as digit
$function$;

-- the two check digits of an IBAN, from its country and its account
create or replace function privacy.iban_digits(country text, account text)
returns text
language sql immutable strict parallel safe
as $function$
    select lpad((98 - string_agg(
        case when letter ~ '[0-9]' then letter else (ascii(letter) - 55)::text end, '' order by place
    )::numeric % 97)::text, 2, '0')
    from regexp_split_to_table(upper(account || country) || '00', '') with ordinality as letters (letter, place)
$function$;

create or replace function privacy.passes(checksum text, value text)
returns boolean
language sql immutable parallel safe
as $function$
    select case checksum
        when 'luhn' then (
            select right(digits, 1) = privacy.luhn_digit(left(digits, -1))
            from regexp_replace(value, '[^0-9]', '', 'g') as digits
        )
        when 'mod97' then (
            select substr(letters, 3, 2) = privacy.iban_digits(left(letters, 2), substr(letters, 5))
            from regexp_replace(value, '[^A-Za-z0-9]', '', 'g') as letters
        )
        else true
    end
$function$;
{% endmacro %}
