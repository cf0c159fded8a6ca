{#- privacy.surrogate(pii_class, value, attempt): a value of the same type and shape, from the keyed hash of the value
    alone; attempt 0 is the first choice, the others are for values whose first choice is taken.
      name         a given name, two initials and a surname of four syllables: 10^9 of them
      email        <three syllables>.<8 hex digits>@example.com
      address      a number and a street of five syllables
      birth_date   the date moved by one secret number of days, the same for all: order, ranges and spans are kept
      free_text    the word "text" and 16 hex digits
      card         the same network and length, valid by Luhn
      iban         the same country and length, valid by mod 97
      ip           an address of the block that no host has (240.0.0.0/4), or that documentation has (2001:db8::/32)
      uuid tokens  a UUID of the same version
      the rest     digits for digits and letters for letters, at their places (function_shapes.sql)
    A surrogate bears a mark, so that it is known again without a look-up (function_is_surrogate.sql).
    What differs only in how it is written (+44 7700 900815, 447700900815) has surrogates that differ only in that. -#}
{% macro function_surrogate() %}
create or replace function privacy.syllables(seed bytea, start integer, count integer)
returns text
language sql immutable strict parallel safe
as $function$
    select string_agg(
        (string_to_array('{{ surrogate_syllables() | join(' ') }}', ' '))[1 + get_byte(seed, start + i) % 64], '' order by i
    )
    from generate_series(0, count - 1) as i
$function$;

create or replace function privacy.surrogate(pii_class text, value text, attempt integer)
returns text
language plpgsql stable strict
as $function$
declare
    trimmed constant text := btrim(value);
    characters constant text := regexp_replace(value, '[^{{ word_characters() }}]', '', 'g');
    seed constant bytea := privacy.hmac(concat_ws(
        ':', pii_class,
        lower(case when pii_class in ('phone', 'card', 'iban', 'national_id') then characters else trimmed end),
        nullif(attempt, 0)
    ));
    body text;
begin
    case
        when pii_class = 'name' then
            body := (array['{{ surrogate_given_names() | join("','") }}'])[1 + get_byte(seed, 0) % 64]
                || ' ' || initcap(privacy.syllables(seed, 3, 4));
            return replace(body, ' ', ' ' || privacy.mark_letters(body) || ' ');
        when pii_class = 'email' then
            body := privacy.syllables(seed, 0, 3) || '.' || encode(substr(seed, 9, 2), 'hex');
            return body || privacy.mark_hex(body) || '@example.com';
        when pii_class = 'address' then
            body := initcap(privacy.syllables(seed, 2, 5)) || ' Street';
            return privacy.mark_number(body) || ' ' || body;
        when pii_class = 'free_text' then
            body := 'text ' || encode(substr(seed, 1, 6), 'hex');
            return body || privacy.mark_hex(body);
        when pii_class = 'birth_date' then
            return privacy.moved_date(trimmed);
        when pii_class = 'ip' and trimmed ~ '^[0-9]+(\.[0-9]+){3}(/[0-9]+)?$' then
            -- 240.0.0.0 to 254.255.255.255
            body := concat_ws('.', 240 + get_byte(seed, 0) % 15, get_byte(seed, 1), get_byte(seed, 2), get_byte(seed, 3));
            return body || coalesce(substring(trimmed from '/.*$'), '');
        when pii_class = 'ip' and trimmed ~ ':' then
            body := regexp_replace(encode(substr(seed, 1, 12), 'hex'), '([0-9a-f]{4})', ':\1', 'g');
            return '2001:db8' || body || coalesce(substring(trimmed from '/.*$'), '');
        when pii_class = 'card' and characters ~ '^[0-9]{12,19}$' then
            -- the digits that name the network, the number, its mark, Luhn's digit
            body := left(characters, case when characters ~ '^(2|60)' then 4 else 2 end);
            body := body || substr(privacy.same_shape(seed, 'x' || left(substr(characters, length(body) + 1), -6)), 2);
            body := body || privacy.mark_shape(body, '00000');
            return privacy.in_the_places_of(trimmed, body || privacy.luhn_digit(body));
        when pii_class = 'iban' and characters ~* '^[a-z]{2}[0-9]{2}[a-z0-9]{11,30}$' then
            body := privacy.same_shape(seed, left(substr(characters, 5), -5));
            body := body || privacy.mark_shape(left(characters, 2) || body, right(characters, 5));
            body := left(characters, 2) || privacy.iban_digits(left(characters, 2), body) || body;
            return privacy.in_the_places_of(trimmed, body);
        when pii_class = 'token' and trimmed ~* '{{ uuid_pattern() }}' then
            body := privacy.same_shape(seed, left(trimmed, 28));
            -- the digits that say which version and variant it is
            body := overlay(overlay(body placing substr(trimmed, 15, 1) from 15) placing substr(trimmed, 20, 1) from 20);
            return body || privacy.mark_shape(body, right(trimmed, 8));
        else
            return privacy.in_the_places_of(trimmed, privacy.shape_surrogate(pii_class, characters, seed, attempt));
    end case;
end
$function$;
{% endmacro %}

{% macro uuid_pattern() -%}
^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$
{%- endmacro %}

{% macro surrogate_given_names() %}
    {{ return('Ada Alba Amir Anouk Aron Bela Bruno Carla Cleo Dario Dina Edda Elio Emre Enzo Fanny Felix Freya Gino Greta Hana
        Hugo Ida Ilse Ivo Jana Joris Kaia Kenji Lars Leila Lena Lino Luka Mara Marek Mika Mina Nadia Nils Nora Olaf Omar Orla
        Otis Paula Pia Quinn Rafa Remy Rita Rosa Sami Selma Silas Soren Tarik Thea Tilda Uma Vera Viggo Yara Zeno'.split()) }}
{% endmacro %}

{% macro surrogate_syllables() %}
    {{ return('ba be bo da de do fa fe ga go ha ke ki ko la le li lo lu ma me mi mo na ne no pa ra re ri ro sa se si so ta te ti
        to va ve vi wa za ban den dor fen gar hal kin lan mer mor nor pel ran sen son tan tor ver win zan'.split()) }}
{% endmacro %}
