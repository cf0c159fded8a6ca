{#- privacy.pseudonym(pii_class, value): what stands for a value everywhere: in the sandbox, in SQL and in questions.
    The index first, as a value of its class (it has settled whose surrogate is whose), else a surrogate stands for itself,
    else the index as a value of another class (an address sought among the names), else the first surrogate that is
    free. A value written in one case (lower(email) = '…') gets its surrogate in that case. -#}
{% macro function_pseudonym() %}
create or replace function privacy.in_the_case_of(value text, surrogate text)
returns text
language sql immutable strict parallel safe
as $function$
    select case
        when value = lower(value) and value ~ '[a-z]' then lower(surrogate)
        when value = upper(value) and value ~ '[A-Z]' then upper(surrogate)
        else surrogate
    end
$function$;

-- Whether a surrogate is taken: stands for another value, or is somebody's own value.
create or replace function privacy.is_taken(pii_class text, surrogate text)
returns boolean
language plpgsql stable strict
as $function$
begin
    return exists (
        select 1
        from privacy.surrogate_index as known
        where known.pii_class = is_taken.pii_class and lower(known.surrogate) = lower(is_taken.surrogate)
    ) or exists (
        select 1
        from privacy.surrogate_index as known
        where known.pii_class = is_taken.pii_class and known.value_hash = privacy.value_hash(is_taken.surrogate)
    );
end
$function$;

create or replace function privacy.pseudonym(pii_class text, value text)
returns text
language plpgsql stable strict
as $function$
declare
    own_hash bytea;
    lengthened text;
    result text;
begin
    if value !~ '[{{ word_characters() }}]' then
        return value;
    end if;
    own_hash := privacy.value_hash(value);
    select known.surrogate into result
    from privacy.surrogate_index as known
    where known.value_hash = own_hash and known.pii_class = pseudonym.pii_class;

    if result is null then
        -- a surrogate of another class too: an address sought among the names
        if privacy.is_surrogate(pii_class, value) or pii_class <> 'birth_date' and (
            privacy.is_surrogate('name', value) or privacy.is_surrogate('email', value) or privacy.is_surrogate('address', value)
            or privacy.is_surrogate('free_text', value) or exists (
                select 1
                from privacy.surrogate_index as known
                where known.pii_class = any (array['{{ pii_classes() | join("','") }}']) and known.pii_class <> 'birth_date'
                    and lower(known.surrogate) = lower(btrim(value))
            )
        ) then
            return value;
        end if;
        select known.surrogate into result
        from privacy.surrogate_index as known
        where known.value_hash = own_hash and known.pii_class <> 'birth_date' and pseudonym.pii_class <> 'birth_date'
        order by known.pii_class
        limit 1;
    end if;

    if result is null then
        -- what nobody has may be of any length: long enough for a mark
        select value || repeat('0', 12 - length(split.characters)) into lengthened
        from regexp_replace(value, '[^{{ word_characters() }}]', '', 'g') as split (characters)
        cross join lateral privacy.shape_mark(pii_class, split.characters) as marked
        where marked.mark_length = 0
            and pii_class in ('phone', 'national_id', 'card', 'iban', 'ip', 'token')
            and not (pii_class = 'ip' and value ~ ':|^\s*[0-9]+(\.[0-9]+){3}');
        for attempt in 0..20 loop
            result := privacy.surrogate(pii_class, coalesce(lengthened, value), attempt);
            exit when pii_class = 'birth_date' or not privacy.is_taken(pii_class, result);
        end loop;
    end if;
    return privacy.in_the_case_of(value, result);
end
$function$;
{% endmacro %}
