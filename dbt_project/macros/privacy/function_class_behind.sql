{#- privacy.class_behind(place, words, names, comparing, transparent, separating): what privacy.compared_classes asks where a
    literal stands in front of its column: '…' = full_name. -#}
{% macro function_class_behind() %}
-- The class of the tagged column that follows the literal at a place, with a comparison between them; null where none does.
create or replace function privacy.class_behind(
    place integer, words text[], names jsonb, comparing text[], transparent text[], separating text[]
)
returns text
language plpgsql immutable
as $function$
declare
    is_compared boolean := false;
    opened integer := 0;
    class text;
begin
    for i in place + 1..least(place + 40, cardinality(words)) loop
        if words[i] = any (comparing) then
            is_compared := true;
        elsif words[i] = '(' then
            opened := opened + 1;
        elsif words[i] = ')' then
            opened := opened - 1;
        elsif words[i] = any (separating) then
            return null;
        elsif words[i] !~ '^[[:alpha:]_\u0080-\uffff]' or words[i] = any (transparent)
            or words[i - 1] = '::' or words[i + 1] in ('(', '.') then
            -- what stands between; a list outside of brackets does not
            if words[i] = ',' and opened <= 0 then
                return null;
            end if;
        elsif not is_compared then
            return null;
        else
            class := coalesce(
                case when words[i - 1] = '.' then names -> words[i - 2] ->> words[i] end,
                case when words[i - 1] <> '.' or not names ? words[i - 2] then names -> '' ->> words[i] end
            );
            if class is not null or opened <= 0 then
                return class;
            end if;
        end if;
    end loop;
    return null;
end
$function$;
{% endmacro %}
