{#- privacy.holds_personal_value(text): whether a text still holds a value of a tagged column, or a match of a pattern that
    is no surrogate: whether pseudonymizing it once more would change it. For checks. Dates are left out: a day on which
    somebody was born is also a day on which others ordered. -#}
{% macro function_holds_personal_value() %}
create or replace function privacy.holds_personal_value(content text)
returns boolean
language plpgsql volatile strict
as $function$
declare
    undated constant text := regexp_replace(content, '[0-9]{4}-[0-9]{2}-[0-9]{2}', '', 'g');
begin
    return privacy.pseudonymize_text(undated) <> undated;
end
$function$;
{% endmacro %}
