{#- privacy.surrogate(pii_class, value): a value of the same type and shape, from the keyed hash of the value alone.
      name        a given name, two initials and a surname of four syllables: 3 × 10^10 of them
      email       <surname>.<8 hex digits>@example.com
      address     a number and a street of four syllables
      birth_date  the date moved by one secret number of days, the same for all: order, ranges and spans are kept
      free_text   the words "text" and 12 hex digits
      the rest    digits for digits and letters for letters, at their places -#}
{% macro function_surrogate() %}
create or replace function privacy.syllables(seed bytea, start integer, count integer)
returns text
language sql immutable strict
as $function$
    select string_agg(
        (array['ba','be','bo','da','de','do','fa','fe','ga','go','ha','ke','ki','ko','la','le',
               'li','lo','lu','ma','me','mi','mo','na','ne','no','pa','ra','re','ri','ro','sa',
               'se','si','so','ta','te','ti','to','va','ve','vi','wa','za','ban','den','dor','fen',
               'gar','hal','kin','lan','mer','mor','nor','pel','ran','sen','son','tan','tor','ver','win','zan']
        )[1 + get_byte(seed, start + i) % 64],
        '' order by i
    )
    from generate_series(0, count - 1) as i
$function$;

create or replace function privacy.same_shape(seed bytea, value text)
returns text
language plpgsql immutable strict
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
            -- a leading zero or a leading one often has a meaning (trunk prefix, country code): not made or lost
            when character ~ '[0-9]' and i <= 2 then character
            when character ~ '[0-9]' then (byte % 10)::text
            when character ~ '[a-z]' then chr(97 + byte % 26)
            when character ~ '[A-Z]' then chr(65 + byte % 26)
            else character
        end;
    end loop;
    return result;
end
$function$;

create or replace function privacy.surrogate(pii_class text, value text)
returns text
language plpgsql stable strict
as $function$
declare
    seed bytea := privacy.hmac(pii_class || ':' || lower(btrim(value)));
    given_names text[] := array[
        'Ada','Alba','Amir','Anouk','Aron','Bela','Bruno','Carla','Cleo','Dario','Dina','Edda','Elio','Emre','Enzo','Fanny',
        'Felix','Freya','Gino','Greta','Hana','Hugo','Ida','Ilse','Ivo','Jana','Joris','Kaia','Kenji','Lars','Leila','Lena',
        'Lino','Luka','Mara','Marek','Mika','Mina','Nadia','Nils','Nora','Olaf','Omar','Orla','Otis','Paula','Pia','Quinn',
        'Rafa','Remy','Rita','Rosa','Sami','Selma','Silas','Soren','Tarik','Thea','Tilda','Uma','Vera','Viggo','Yara','Zeno'];
begin
    case pii_class
        when 'name' then
            return given_names[1 + get_byte(seed, 0) % 64] || ' ' || chr(65 + get_byte(seed, 1) % 26)
                || chr(65 + get_byte(seed, 2) % 26) || ' ' || initcap(privacy.syllables(seed, 3, 4));
        when 'email' then
            return privacy.syllables(seed, 0, 3) || '.' || encode(substr(seed, 9, 4), 'hex') || '@example.com';
        when 'address' then
            return (1 + (get_byte(seed, 0) * 256 + get_byte(seed, 1)) % 9999)::text || ' '
                || initcap(privacy.syllables(seed, 2, 4)) || ' Street';
        when 'birth_date' then
            if value !~ '^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$' then
                return privacy.same_shape(seed, value);
            end if;
            -- between 30 and 1053 days earlier
            seed := privacy.hmac('birth_date offset');
            return (value::date - 30 - (get_byte(seed, 0) * 256 + get_byte(seed, 1)) % 1024)::text;
        when 'free_text' then
            return 'text ' || encode(substr(seed, 1, 6), 'hex');
        else
            return privacy.same_shape(seed, value);
    end case;
end
$function$;
{% endmacro %}
