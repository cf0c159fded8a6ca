{#- privacy.pseudonym(pii_class, value): what stands for a value everywhere: in the sandbox, in SQL and in questions.
    The index first (it has resolved collisions), else the computed surrogate; a surrogate stands for itself,
    but for dates: a moved date may well be somebody else's own.
    A value written in one case (lower(email) = '…') gets its surrogate in that case. -#}
{% macro function_pseudonym() %}
create or replace function privacy.pseudonym(pii_class text, value text)
returns text
language plpgsql stable strict
as $function$
declare
    result text;
begin
    if btrim(value) = '' or pii_class <> 'birth_date' and exists (
        select 1 from privacy.surrogate_index as known
        where lower(known.surrogate) = lower(btrim(value)) and known.pii_class = pseudonym.pii_class
    ) then
        return value;
    end if;
    select known.surrogate into result
    from privacy.surrogate_index as known
    where known.value_hash = privacy.value_hash(pseudonym.value) and known.pii_class = pseudonym.pii_class;
    result := coalesce(result, privacy.surrogate(pii_class, value));
    return case
        when value = lower(value) and value ~ '[a-z]' then lower(result)
        when value = upper(value) and value ~ '[A-Z]' then upper(result)
        else result
    end;
end
$function$;
{% endmacro %}
