{#- staging.url_decode(text): percent-decoding, as sqlcommenter encodes its values (RFC 3986). Null where it is no UTF-8. -#}
{% macro function_url_decode() %}
create or replace function staging.url_decode(encoded text)
returns text
language plpgsql immutable strict parallel safe
as $function$
declare
    decoded bytea := '';
    part text;
begin
    for part in select parts[1] from regexp_matches(encoded, '(%[0-9A-Fa-f]{2}|[^%]+|%)', 'g') as found (parts) loop
        if part ~ '^%[0-9A-Fa-f]{2}$' then
            decoded := decoded || decode(substr(part, 2), 'hex');
        else
            decoded := decoded || convert_to(part, 'UTF8');
        end if;
    end loop;
    return convert_from(decoded, 'UTF8');
exception
    when character_not_in_repertoire or untranslatable_character then
        return null;
end
$function$;
{% endmacro %}
