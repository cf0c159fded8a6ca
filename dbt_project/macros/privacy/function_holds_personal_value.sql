{#- privacy.holds_personal_value(text): whether a run of up to eight words of a text is a value of a tagged column, or it
    holds an e-mail address that is no surrogate. For checks; birth dates are left out, because a moved date may well be
    somebody else's. -#}
{% macro function_holds_personal_value() %}
create or replace function privacy.holds_personal_value(content text)
returns boolean
language plpgsql stable strict
as $function$
begin  -- plpgsql, because a body in SQL is checked when it is made, before dbt has built surrogate_index
    return (
    with words as (
        select array_agg(found.parts[1] order by found.ordinal) as parts
        from regexp_matches(content, '([[:alnum:]]+|[^[:alnum:]]+)', 'g') with ordinality as found (parts, ordinal)
    ),

    runs as (
        select array_to_string(words.parts[first : first + length - 1], '') as run
        from words
        cross join lateral generate_series(1, cardinality(words.parts)) as first
        cross join lateral generate_series(1, least(15, cardinality(words.parts) - first + 1), 2) as length
        where words.parts[first] ~ '^[[:alnum:]]'
    )

    select
        exists (
            select 1
            from runs
            inner join privacy.surrogate_index as known on known.value_hash = privacy.value_hash(runs.run)
            where known.pii_class <> 'birth_date' and char_length(runs.run) >= 4
        )
        or content ~* '@(?!example\.com\M)[[:alnum:]-]+\.[[:alpha:]]'
    );
end
$function$;
{% endmacro %}
