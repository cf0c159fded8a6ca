{#- privacy.ensure_key(): makes the first key, from 244 random bits of the server's own strong generator. -#}
{% macro function_ensure_key() %}
create or replace function privacy.ensure_key()
returns void
language plpgsql
as $function$
declare
    -- two random UUIDs carry 122 random bits each (gen_random_uuid uses pg_strong_random); hashed to 32 even bytes
    secret bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
begin
    if exists (select 1 from privacy.keys where is_active) then
        return;
    end if;
    for i in 0..31 loop
        inner_pad := set_byte(inner_pad, i, get_byte(secret, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(secret, i) # 92);
    end loop;
    insert into privacy.keys (inner_pad, outer_pad, is_active) values (inner_pad, outer_pad, true);
end
$function$;

select privacy.ensure_key();
{% endmacro %}

{#- privacy.hmac(message): HMAC-SHA256 under the active key (RFC 2104, over the core function sha256: the wheels of
    PostgreSQL carry no pgcrypto). privacy.keyed_hash(message): the same as 64 hexadecimal digits. -#}
{% macro function_keyed_hash() %}
create or replace function privacy.hmac(message text)
returns bytea
language sql stable strict
as $function$
    select sha256(keys.outer_pad || sha256(keys.inner_pad || convert_to(message, 'UTF8')))
    from privacy.keys
    where keys.is_active
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
{% endmacro %}
