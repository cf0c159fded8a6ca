{#- privacy.pseudonymize_text(text): a text with every personal value replaced by its pseudonym.
    First what matches a pattern (an e-mail address that nobody has is still one), then runs of up to eight words that
    are a value of a tagged column, the longest first. -#}
{% macro function_pseudonymize_text() %}
create or replace function privacy.pseudonymize_text(content text)
returns text
language plpgsql stable strict security definer set search_path = pg_catalog
as $function$
declare
    result text := content;
    hit record;
    words text[];      -- words and what stands between them, in order; every odd element is a word or empty
    run text;
    replaced text := '';
    at_word integer := 1;
    taken integer;
begin
    -- 1. patterns: found once in the text, longest first, each replaced everywhere
    for hit in
        select distinct patterns.pii_class, found.parts[1] as value
        from privacy.patterns
        cross join lateral regexp_matches(content, '(' || patterns.pattern || ')', 'gi') as found (parts)
        order by found.parts[1] desc
    loop
        result := replace(result, hit.value, privacy.pseudonym(hit.pii_class, hit.value));
    end loop;

    -- 2. runs of words
    select array_agg(found.parts[1] order by found.ordinal) into words
    from regexp_matches(result, '([[:alnum:]]+|[^[:alnum:]]+)', 'g') with ordinality as found (parts, ordinal);

    while at_word <= coalesce(cardinality(words), 0) loop
        taken := 0;
        if words[at_word] ~ '^[[:alnum:]]' then
            for run_length in reverse least(15, cardinality(words) - at_word + 1)..1 loop
                continue when words[at_word + run_length - 1] !~ '[[:alnum:]]$';
                -- one blank between words, whatever the writer put there
                run := regexp_replace(array_to_string(words[at_word : at_word + run_length - 1], ''), '\s+', ' ', 'g');
                -- a value of three letters is a word of the language more often than a person's
                continue when char_length(run) < 4;
                select known.pii_class into hit
                from privacy.surrogate_index as known
                where known.value_hash = privacy.value_hash(run)
                order by known.pii_class
                limit 1;
                if found then
                    replaced := replaced || privacy.pseudonym(hit.pii_class, run);
                    taken := run_length;
                    exit;
                end if;
            end loop;
        end if;
        if taken = 0 then
            replaced := replaced || words[at_word];
            taken := 1;
        end if;
        at_word := at_word + taken;
    end loop;
    return replaced;
end
$function$;
{% endmacro %}
