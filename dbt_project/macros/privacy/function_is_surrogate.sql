{#- privacy.is_surrogate(pii_class, value): whether a value is a surrogate already, and so stands for itself.
    A surrogate bears a mark: a part of it is the keyed hash of the rest of it, so that nobody's value is taken for one but by
    chance, and then only a value that no tagged column has (privacy.pseudonym asks the index first):
      e-mail and other addresses, texts, UUIDs: never, for their look is nobody's; so is that of names (Ada BK Tenlamode),
      and 1 in 676 at that
      cards, IBANs: 1 in 100,000; a phone: 1 in 100 of those that begin with 999
      other numbers: 1 in 1,000 of those that begin with 9 or Q, 1 in 1,000,000 from 16 characters on
    Shorter ones are known by the index: where a value is in no tagged column, its surrogate is longer. A birth date is a surrogate if it lies before 1890. -#}
{% macro function_is_surrogate() %}
-- The mark of a body in the forms that surrogates have.
create or replace function privacy.mark_letters(body text)
returns text
language sql stable strict
as $function$
    select chr(65 + get_byte(mark, 0) % 26) || chr(65 + get_byte(mark, 1) % 26) from privacy.hmac('mark:' || lower(body)) as mark
$function$;

create or replace function privacy.mark_hex(body text)
returns text
language sql stable strict
as $function$
    select encode(substr(privacy.hmac('mark:' || lower(body)), 1, 2), 'hex')
$function$;

create or replace function privacy.mark_number(body text)
returns text
language sql stable strict
as $function$
    select (1 + (get_byte(mark, 0) * 256 + get_byte(mark, 1)) % 9999)::text from privacy.hmac('mark:' || lower(body)) as mark
$function$;

create or replace function privacy.mark_shape(body text, shape text)
returns text
language sql stable strict
as $function$
    -- behind a character of its own: same_shape treats the first one with care
    select substr(
        privacy.same_shape(privacy.hmac('mark:' || lower(body)), left(shape, 1) || shape, privacy.letters_of(body)), 2
    )
$function$;

create or replace function privacy.is_surrogate(pii_class text, value text)
returns boolean
language plpgsql stable strict
as $function$
declare
    trimmed constant text := lower(btrim(value));
    characters constant text := regexp_replace(trimmed, '[^{{ word_characters() }}]', '', 'g');
    parts text[];
    marked record;
begin
    case pii_class
        when 'name' then
            parts := regexp_match(trimmed, '^([a-z]+) ([a-z]{2}) ([a-z]{8,12})$');
            return coalesce(
                parts[1] = any (array['{{ surrogate_given_names() | join("','") | lower }}'])
                and parts[2] = lower(privacy.mark_letters(parts[1] || ' ' || parts[3])),
                false
            );
        when 'email' then
            parts := regexp_match(trimmed, '^([a-z]+\.[0-9a-f]{4})([0-9a-f]{4})@example\.com$');
            return coalesce(parts[2] = privacy.mark_hex(parts[1]), false);
        when 'address' then
            parts := regexp_match(trimmed, '^([0-9]{1,4}) ([a-z]{10,15} street)$');
            return coalesce(parts[1] = privacy.mark_number(parts[2]), false);
        when 'free_text' then
            parts := regexp_match(trimmed, '^(text [0-9a-f]{12})([0-9a-f]{4})$');
            return coalesce(parts[2] = privacy.mark_hex(parts[1]), false);
        when 'birth_date' then
            return trimmed = privacy.moved_date(trimmed);
        when 'ip' then
            if trimmed ~ '^(24[0-9]|25[0-4])(\.[0-9]+){3}(/[0-9]+)?$|^2001:db8:' then
                return true;
            end if;
        when 'card' then
            if characters ~ '^[0-9]{12,19}$' then
                if left(right(characters, 6), 5) = privacy.mark_shape(left(characters, -6), '00000')
                    and privacy.passes('luhn', characters) then
                    return true;
                end if;
            end if;
        when 'iban' then
            if characters ~ '^[a-z]{2}[0-9]{2}[a-z0-9]{11,30}$' then
                parts := array[left(characters, 2) || left(substr(characters, 5), -5), right(characters, 5)];
                if parts[2] = privacy.mark_shape(parts[1], parts[2]) and privacy.passes('mod97', characters) then
                    return true;
                end if;
            end if;
        when 'token' then
            if trimmed ~ '{{ uuid_pattern() }}' then
                return right(trimmed, 8) = privacy.mark_shape(left(trimmed, 28), right(trimmed, 8));
            end if;
        else
            null;
    end case;
    select * into marked from privacy.shape_mark(pii_class, characters);
    return marked.mark_length > 0
        and starts_with(characters, marked.beginning)
        and right(characters, marked.mark_length)
            = privacy.mark_shape(left(characters, length(characters) - marked.mark_length), right(characters, marked.mark_length));
end
$function$;
-- Whether a value is a surrogate, of whatever class, that stands for no value of a tagged column.
create or replace function privacy.stands_for_nobody(value text)
returns boolean
language plpgsql stable strict
as $function$
begin
    -- In this order: most literals look like no surrogate, and are not looked up. (Without birth dates, whose surrogates
    -- have the look of no other class: the unique index is of the other classes, and without it each literal would
    -- cost a reading of the whole table.)
    return exists (
        select 1
        from unnest(array['{{ pii_classes() | reject('equalto', 'birth_date') | join("','") }}']) as classes (pii_class)
        where privacy.is_surrogate(classes.pii_class, value)
    ) and not exists (
        select 1
        from privacy.surrogate_index as known
        where known.pii_class = any (array['{{ pii_classes() | reject('equalto', 'birth_date') | join("','") }}'])
            and known.pii_class <> 'birth_date'
            and lower(known.surrogate) = lower(btrim(value))
    );
end
$function$;
{% endmacro %}
