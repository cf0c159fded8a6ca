{#- privacy.new_key(): makes a key from 244 random bits of the server's own strong generator, and makes it the active one.
    privacy.ensure_key(): the first one. -#}
{% macro function_ensure_key() %}
create or replace function privacy.new_key()
returns integer
language plpgsql
as $function$
declare
    -- two random UUIDs carry 122 random bits each (gen_random_uuid uses pg_strong_random); hashed to 32 even bytes
    secret bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
    made integer;
begin
    for i in 0..31 loop
        inner_pad := set_byte(inner_pad, i, get_byte(secret, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(secret, i) # 92);
    end loop;
    update privacy.keys set is_active = false where is_active;
    insert into privacy.keys (inner_pad, outer_pad, is_active) values (inner_pad, outer_pad, true) returning key_id into made;
    return made;
end
$function$;

create or replace function privacy.ensure_key()
returns void
language plpgsql
as $function$
begin
    if not exists (select 1 from privacy.keys where is_active) then
        perform privacy.new_key();
    end if;
end
$function$;

select privacy.ensure_key();
{% endmacro %}

{#- HMAC-SHA256 of a text under the row `keys` of privacy.keys (RFC 2104, over the core function sha256: the wheels of
    PostgreSQL carry no pgcrypto), for queries that hash many texts: 1 µs each, where a call of privacy.hmac is 5. -#}
{% macro hmac(message) -%}
sha256(keys.outer_pad || sha256(keys.inner_pad || convert_to({{ message }}, 'UTF8')))
{%- endmacro %}

{#- A character of a word, whatever the database's locale: under C, [[:alnum:]] is ASCII alone. The ranges are the
    letters of other scripts, without their punctuation. For use between brackets. -#}
{% macro word_characters() -%}
[:alnum:]\u00c0-\u1fff\u2c00-\u2dff\u3040-\ufffd
{%- endmacro %}

{#- privacy.hmac(message): the hash under the active key. privacy.keyed_hash(message): the same as 64 hexadecimal digits. -#}
{% macro function_keyed_hash() %}
create or replace function privacy.hmac(message text)
returns bytea
language plpgsql stable strict parallel safe
as $function$
begin
    return (select {{ hmac('message') }} from privacy.keys where keys.is_active);
end
$function$;

create or replace function privacy.keyed_hash(message text)
returns text
language sql stable strict security definer set search_path = pg_catalog
as $function$
    select encode(privacy.hmac(message), 'hex')
$function$;

-- What a value is looked up by: its case and outer blanks do not matter.
create or replace function privacy.value_hash(value text)
returns bytea
language sql stable strict
as $function$
    select privacy.hmac('value:' || lower(btrim(value)))
$function$;

-- What a value is in a running text: from its first word to its last, one blank where the writer put several.
create or replace function privacy.in_running_text(value text)
returns text
language sql immutable strict parallel safe
as $function$
    select regexp_replace(
        regexp_replace(value, '^[^{{ word_characters() }}]+|[^{{ word_characters() }}]+$', '', 'g'), '[\s\u00a0]+', ' ', 'g'
    )
$function$;
{% endmacro %}
