{#- Surrogates of the same shape: for phones, national ids and tokens, and for any value that is not what its class
    promises.
    Of nine digits and more, a phone begins with 999 (a country code that nobody has) and ends with a mark of two digits;
    another value of eight characters and more begins with 9 or Q and ends with a mark of three, of sixteen and more with
    a mark of six. Shorter ones have no room for a mark. -#}
{% macro function_shapes() %}
-- How many letters of the alphabet a text uses: hexadecimal keys stay hexadecimal.
create or replace function privacy.letters_of(value text)
returns integer
language sql immutable strict parallel safe
as $function$
    select case when value ~ '^[0-9A-Fa-f-]{7,}$' then 6 else 26 end
$function$;

-- A text of the same shape: digits for digits, letters for letters of the same case, the rest as it is.
create or replace function privacy.same_shape(seed bytea, value text, letters integer)
returns text
language plpgsql immutable strict parallel safe
as $function$
declare
    stream bytea := seed;
    result text := '';
    character text;
    byte integer;
begin
    for i in 1..length(value) loop
        if i > length(stream) then
            stream := stream || sha256(stream);
        end if;
        character := substr(value, i, 1);
        byte := get_byte(stream, i - 1);
        result := result || case
            -- a leading zero has a meaning (trunk prefix), and no number has one: not made or lost
            when i = 1 and character between '1' and '9' then (1 + byte % 9)::text
            when i = 1 and character = '0' then character
            when character between '0' and '9' then (byte % 10)::text
            when character between 'A' and 'Z' then chr(65 + byte % letters)
            when character ~ '[{{ word_characters() }}]' then chr(97 + byte % letters)
            else character
        end;
    end loop;
    return result;
end
$function$;

create or replace function privacy.same_shape(seed bytea, value text)
returns text
language sql immutable strict parallel safe
as $function$
    select privacy.same_shape(seed, value, privacy.letters_of(value))
$function$;

-- Puts letters and digits, in order, at the places where a value has its own; more of them follow.
create or replace function privacy.in_the_places_of(value text, characters text)
returns text
language plpgsql immutable strict parallel safe
as $function$
declare
    result text := '';
    used integer := 0;
begin
    for i in 1..length(value) loop
        if substr(value, i, 1) ~ '[{{ word_characters() }}]' then
            used := used + 1;
            result := result || substr(characters, used, 1);
        else
            result := result || substr(value, i, 1);
        end if;
    end loop;
    return result || substr(characters, used + 1);
end
$function$;

-- What a marked surrogate of this shape begins with, and how many characters of mark it ends with.
create or replace function privacy.shape_mark(pii_class text, characters text, out beginning text, out mark_length integer)
language sql immutable strict parallel safe
as $function$
    select
        case
            when pii_class = 'phone' and characters ~ '^0[0-9]{9}' then '0999'
            when pii_class = 'phone' and characters ~ '^[0-9]{9}' then '999'
            when length(characters) not between 8 and 15 then ''
            when characters ~ '^[0-9]' then '9'
            when characters ~ '^[A-Z]' then 'Q'
            else 'q'
        end,
        case
            when pii_class = 'phone' and characters ~ '^[0-9]{9}' then 2
            when length(characters) >= 16 then 6
            when length(characters) >= 8 then 3
            else 0
        end
$function$;

create or replace function privacy.shape_surrogate(pii_class text, characters text, seed bytea, attempt integer)
returns text
language plpgsql stable strict
as $function$
declare
    marked record;
    body text;
begin
    -- where the marked ones are taken, any; where all of this length are, a longer one
    if attempt >= 8 then
        return privacy.same_shape(seed, characters || repeat('0', greatest(attempt - 15, 0)));
    end if;
    select * into marked from privacy.shape_mark(pii_class, characters);
    body := privacy.same_shape(seed, left(characters, length(characters) - marked.mark_length));
    body := marked.beginning || substr(body, length(marked.beginning) + 1);
    return body || privacy.mark_shape(body, right(characters, marked.mark_length));
end
$function$;
{% endmacro %}
