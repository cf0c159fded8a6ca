{#- privacy.pseudonymize_text(text): a text with every personal value replaced by its pseudonym: what matches a pattern (an
    e-mail address that nobody has is still one), each day that is said to be one of birth, and every run of words that is a value of a tagged column, the longest
    first; a name with the surname first ('Roe, Jane') and what is encoded as in addresses ('jane%40firm.test') too. (A birth date that nothing says to be one is replaced too, in the form 1961-07-03; privacy.days_as_in puts it
    back where the SQL has it.) Surrogates are found by their look and stay. -#}
{% macro function_pseudonymize_text() %}
-- The patterns as one, with the looks that surrogates have.
create or replace function privacy.personal_pattern()
returns text
language plpgsql stable
as $function$
begin
    return (
        select string_agg(patterns.pattern, '|' order by patterns.pattern)
            || '|\m(?:{{ surrogate_given_names() | join('|') }})\s[a-z]{2}\s[a-z]{8,12}\M|\m[0-9]{1,4}\s[a-z]{10,15}\sstreet\M|\mtext\s[0-9a-f]{16}\M'
        from privacy.patterns
    );
end
$function$;

-- What stands for a match of the patterns; null where it is no surrogate, and fails its checksum.
create or replace function privacy.pseudonymize_match(matched text)
returns text
language plpgsql stable strict
as $function$
declare
    rest text;
    found_class text;
begin
    select classes.pii_class into found_class
    from unnest(array['name', 'address', 'free_text']) as classes (pii_class)
    where privacy.is_surrogate(classes.pii_class, matched);
    if found_class is not null then
        return matched;
    end if;

    -- a value of another class may look like one of this: the index knows
    select known.pii_class into found_class
    from privacy.surrogate_index as known
    where known.value_hash = privacy.value_hash(matched) and known.pii_class <> 'birth_date'
    order by known.pii_class
    limit 1;
    if found_class is not null then
        return privacy.pseudonym(found_class, matched);
    end if;

    -- a short word may have been taken for the last group of an IBAN: without it, it is one
    rest := matched;
    loop
        select patterns.pii_class into found_class
        from privacy.patterns
        where rest ~* ('^(?:' || patterns.pattern || ')$') and privacy.passes(patterns.checksum, rest)
        order by patterns.pii_class
        limit 1;
        exit when found_class is not null or rest !~ ' ';
        rest := regexp_replace(rest, ' [^ ]*$', '');
    end loop;
    return privacy.pseudonym(found_class, rest) || substr(matched, length(rest) + 1);
end
$function$;

-- A text without matches of the patterns: runs of words that are a value of a tagged column are replaced.
create or replace function privacy.pseudonymize_words(content text, fewest_words integer)
returns text
language plpgsql stable strict
as $function$
declare
    words text[];          -- words and what stands between them, in turn
    places integer[];      -- of the words that a value of the index begins with
    hashes bytea[];        -- their hashes
    head record;           -- one of them, and the number of words of such a value
    result text := '';
    next_word integer := 1;
    surrogate text;
begin
    select array_agg(found.parts[1] order by found.ordinal) into words
    from regexp_matches(content, '([{{ word_characters() }}]+|[^{{ word_characters() }}]+)', 'g') with ordinality as found (parts, ordinal);

    -- most texts have no word that a value begins with
    select array_agg(heads.place), array_agg(heads.head_hash) into places, hashes
    from (
        select split.place, {{ hmac("'head:' || lower(split.word)") }} as head_hash
        from unnest(words) with ordinality as split (word, place)
        cross join privacy.keys
        where keys.is_active and split.word ~ '^[{{ word_characters() }}]'
        offset 0  -- one hash a word, not one a comparison
    ) as heads
    -- (a subquery with a limit is a look-up a word; a join would read the whole index)
    where (select true from privacy.surrogate_index as known where known.head_hash = heads.head_hash limit 1);
    if places is null then
        return content;
    end if;

    for head in
        select heads.place, lengths.word_count
        from unnest(places, hashes) as heads (place, head_hash)
        cross join lateral generate_series(fewest_words, least(15, (cardinality(words) - heads.place) / 2 + 1)) as lengths (word_count)
        where (
            select true from privacy.surrogate_index as known
            where known.head_hash = heads.head_hash and known.word_count = lengths.word_count
            limit 1
        )
        order by heads.place, lengths.word_count desc
    loop
        continue when head.place < next_word;
        surrogate := privacy.surrogate_of_run(
            array_to_string(words[head.place : head.place + 2 * (head.word_count - 1)], '')
        );
        continue when surrogate is null;
        result := result || array_to_string(words[next_word : head.place - 1], '') || surrogate;
        next_word := head.place + 2 * head.word_count - 1;
    end loop;
    return case when next_word = 1 then content else result || array_to_string(words[next_word :], '') end;
end
$function$;

-- What stands for a run of words of a text; null where it is no value.
create or replace function privacy.surrogate_of_run(run text)
returns text
language plpgsql stable strict
as $function$
declare
    core constant text := privacy.in_running_text(run);
begin
    -- a value of three letters is a word of the language more often than a person's
    if char_length(core) < 4 then
        return null;
    end if;
    return (
        select privacy.in_the_case_of(run, privacy.in_running_text(known.surrogate))
        from privacy.surrogate_index as known
        where known.core_hash = privacy.hmac('core:' || lower(core))
            -- (a new key has moved the days on by now: privacy.move_birth_dates)
            and (known.pii_class <> 'birth_date' or nullif(current_setting('auditune.old_birth_date_days', true), '') is null)
        order by known.pii_class, known.value_hash
        limit 1
    );
end
$function$;

-- Whether words, with what stands between them, end in a value of two to five words.
create or replace function privacy.ends_in_a_value(words text[])
returns boolean
language sql stable strict
as $function$
    select coalesce(bool_or(privacy.surrogate_of_run(array_to_string(words[first_word :], '')) is not null), false)
    from generate_series(cardinality(words) - 2, greatest(1, cardinality(words) - 8), -2) as run (first_word)
$function$;

-- A text in which each name with the surname first is the other way round: 'Roe, Jane' as 'Jane Roe', where
-- that is a value of a tagged column.
create or replace function privacy.names_turned(content text)
returns text
language plpgsql stable strict
as $function$
declare
    words text[];          -- words and what stands between them, in turn
    first_word integer;
    last_word integer;
    turned text;
begin
    if content !~ '[{{ word_characters() }}]\s*,\s*[{{ word_characters() }}]' then
        return content;
    end if;
    select array_agg(found.parts[1] order by found.ordinal) into words
    from regexp_matches(content, '([{{ word_characters() }}]+|[^{{ word_characters() }}]+)', 'g') with ordinality as found (parts, ordinal);
    for comma in 2..cardinality(words) - 1 loop
        continue when words[comma] !~ '^\s*,\s*$' or not privacy.has_known_head(words[comma + 1]);
        <<lengths>>
        for given_names in reverse 3..1 loop
            for surnames in reverse 3..1 loop
                first_word := comma + 1 - 2 * surnames;
                last_word := comma - 1 + 2 * given_names;
                continue when first_word < 1 or last_word > cardinality(words);
                -- in 'Roe, jane.roe@firm.test' the word behind the comma begins an address
                continue when array_to_string(words[last_word + 1 :], '') ~ '^[^\s,;]*@';
                turned := array_to_string(words[comma + 1 : last_word] || ' '::text || words[first_word : comma - 1], '');
                -- in 'Jane Roe, Jane' the surname is the first one's
                if privacy.surrogate_of_run(turned) is not null and not privacy.ends_in_a_value(words[1 : comma - 1]) then
                    words[first_word] := turned;
                    for place in first_word + 1..last_word loop
                        words[place] := '';
                    end loop;
                    exit lengths;
                end if;
            end loop;
        end loop;
    end loop;
    return array_to_string(words, '');
end
$function$;

create or replace function privacy.pseudonymized_text(content text)
returns text
language plpgsql stable strict
as $function$
declare
    pattern constant text := privacy.personal_pattern();
    between_matches text[];
    matches text[];
    plain text;             -- what has been passed since the last match that was replaced
    replaced text;
    decoded text;
    result text := '';
begin
    if content ~ '%[0-9A-Fa-f]{2}' then
        decoded := staging.url_decode(content);
        if decoded <> content then
            replaced := privacy.pseudonymized_text(decoded);
            if replaced <> decoded then
                return replaced;
            elsif content !~* '%(?!20|2[CF]|3[ABDF])[0-9A-F]{2}' then
                return content;  -- blanks and , / : ; = ? join no words, so as it is written there is nothing either
            end if;
        end if;
    end if;
    content := privacy.names_turned(privacy.move_birth_dates(content));
    if content !~* pattern then
        return privacy.pseudonymize_words(content, 1);
    end if;
    between_matches := regexp_split_to_array(content, pattern, 'i');
    select array_agg(found.parts[1] order by found.ordinal) into matches
    from regexp_matches(content, '(' || pattern || ')', 'gi') with ordinality as found (parts, ordinal);
    plain := between_matches[1];
    for i in 1..cardinality(matches) loop
        replaced := privacy.pseudonymize_match(matches[i]);
        if replaced is null then
            plain := plain || matches[i] || between_matches[i + 1];
        else
            result := result || privacy.pseudonymize_words(plain, 1) || replaced;
            plain := between_matches[i + 1];
        end if;
    end loop;
    return result || privacy.pseudonymize_words(plain, 1);
end
$function$;
-- Until nothing changes: what stands side by side without a blank may be read otherwise when one of the two is replaced.
create or replace function privacy.pseudonymize_text(content text)
returns text
language plpgsql volatile strict security definer set search_path = pg_catalog set datestyle = 'ISO, MDY'
as $function$
declare
    before text := content;
    result text;
begin
    perform privacy.see_latest();
    result := privacy.pseudonymized_text(content);
    for again in 1..4 loop
        exit when result = before;
        before := result;
        result := privacy.pseudonymized_text(before);
    end loop;
    return result;
end
$function$;
{% endmacro %}
