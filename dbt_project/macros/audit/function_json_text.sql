{#- staging.json_text(content, key): the text that a key of a JSON object has, at whatever depth, in a text that may be no
    JSON as a whole. The key is a regular expression. Null where there is none. -#}
{% macro function_json_text() %}
create or replace function staging.json_text(content text, key text)
returns text
language sql immutable strict parallel safe
as $function$
    select regexp_replace(
        substring(content from '"' || key || '"\s*:\s*"((?:[^"\\]|\\.)*)"'),
        $re$\\(["\\/])$re$, '\1', 'g'
    )
    where position('{' in content) > 0
$function$;
{% endmacro %}
