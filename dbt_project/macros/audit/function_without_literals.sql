{#- staging.without_literals(body): a statement without its literals, so that a rule sees what it does and not the texts
    that it compares with: `title = 'delete from'` is no DELETE. Quoted identifiers stay, quotes included.
    (One regular expression, not tokens: it is held against every text. A `\m` keeps the e of `like'…'` where it is.) -#}
{% macro function_without_literals() %}
create or replace function staging.without_literals(body text)
returns text
language sql immutable strict parallel safe
as $function$
    select regexp_replace(
        body,
        $re$("(?:[^"]|"")*")|\m[eE]'(?:[^'\\]|''|\\.)*'|(?:\m[uU]&|\m[bBnNxX])?'(?:[^']|'')*'|\$[[:alpha:]_]*\$[^$]*\$[[:alpha:]_]*\$$re$,
        '\1',
        'g'
    )
$function$;
{% endmacro %}
