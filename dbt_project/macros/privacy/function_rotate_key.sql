{#- privacy.rotate_key(): makes a new key, and re-keys everything that stands in tables under the old one, in one
    transaction: the index, the anonymized statements and questions, what the API and imports have stored, and the hashes
    that are ids. False where a rotation was begun and not finished: then there is nothing to do but to finish it.
    privacy.forget_old_keys(): the end of a rotation, when what dbt builds has been built anew.

    An old surrogate becomes a new one because it is looked up like a value: for the time of the transaction the index
    knows the old surrogates as values of whoever they stood for. What stood for a value that is in no tagged column (a phone
    that nobody has, a customer who has been deleted) becomes the surrogate of the old surrogate.
    A hash cannot be re-keyed without what was hashed: that of a statement whose line of the log is still there is made
    anew, the others are hashed once more. -#}
{% macro function_rotate_key() %}
create or replace function privacy.rotate_key()
returns boolean
language plpgsql
as $function$
declare
    old_days integer := privacy.birth_date_days();
    stored record;
begin
    -- whoever writes pseudonyms waits
    lock table privacy.keys, privacy.surrogate_index in access exclusive mode;
    if exists (select 1 from privacy.keys where not is_active) then
        return false;
    end if;

    create temporary table people on commit drop as
    select distinct on (lower(btrim(found.value)), found.pii_class)
        found.pii_class, found.value, privacy.value_hash(found.value) as old_hash
    from privacy.raw_values() as found
    where btrim(found.value) <> ''
    order by lower(btrim(found.value)), found.pii_class, found.value;

    create temporary table old_surrogates on commit drop as
    select value_hash, pii_class, surrogate from privacy.surrogate_index;

    create temporary table statement_bodies on commit drop as
    select body, privacy.keyed_hash(body) as old_hash
    from (
        select {{ bound('staging.statement_body(statements.statement)', 'statements.parameters') }} as body
        from intermediate.int_statements_anonymized as kept
        inner join staging.stg_audit__statements as statements using (log_file, byte_offset)
        union
        select staging.statement_body(statement) from staging.question_annotations
    ) as bodies
    where body is not null;

    perform privacy.new_key();
    truncate privacy.surrogate_index;
    insert into privacy.surrogate_index
    select {{ surrogate_index_columns() }}
    from people
    cross join privacy.keys
    where keys.is_active;
    analyze privacy.surrogate_index;
    perform privacy.settle_surrogates();

    -- the old surrogates as values, each with the surrogate of the value that it stood for
    create temporary table renamed on commit drop as
    select
        old_surrogates.pii_class,
        old_surrogates.surrogate as value,
        coalesce(known.surrogate, privacy.surrogate(old_surrogates.pii_class, old_surrogates.surrogate, 0)) as new_surrogate
    from old_surrogates
    left join people
        on old_surrogates.value_hash = people.old_hash
        and old_surrogates.pii_class = people.pii_class
    left join privacy.surrogate_index as known
        on known.value_hash = privacy.value_hash(people.value)
        and known.pii_class = people.pii_class;
    perform privacy.drop_unique_surrogates();
    insert into privacy.surrogate_index (value_hash, pii_class, surrogate, first_choice, core_hash, head_hash, word_count)
    select value_hash, pii_class, new_surrogate, 'renamed', core_hash, head_hash, word_count
    from (
        select {{ surrogate_index_columns() }}, new_surrogate
        from renamed
        cross join privacy.keys
        where keys.is_active
    ) as rows_of_renamed
    on conflict do nothing;
    analyze privacy.surrogate_index;
    perform set_config('auditune.old_birth_date_days', old_days::text, true);

    create temporary table renamed_candidates on commit drop as
    select candidate_id as old_id, {{ candidate_id('question', 'statement') }} as new_id
    from (
        select candidate_id, privacy.pseudonymized_text(question) as question, privacy.pseudonymized_sql(statement) as statement
        from intermediate.int_pair_candidates
    ) as candidates;
    for stored in select * from privacy.stored_texts() loop
        execute format(
            'update %1$s as stored set %2$I = changed.content'
            ' from (select ctid as place, privacy.%3$I(%2$I) as content from %1$s where %2$I is not null) as changed'
            ' where stored.ctid = changed.place and stored.%2$I <> changed.content',
            stored.relation, stored.column_name, stored.function_name
        );
    end loop;
    delete from privacy.surrogate_index where first_choice = 'renamed';
    perform privacy.keep_surrogates_unique();

    update raw_serving.reviews as reviews
    set candidate_id = renamed_candidates.new_id
    from renamed_candidates
    where reviews.candidate_id = renamed_candidates.old_id;
    -- judged again, under the new pseudonyms
    delete from raw_training.pair_validations as judged
    using renamed_candidates
    where judged.candidate_id = renamed_candidates.old_id and renamed_candidates.new_id <> renamed_candidates.old_id;

    create temporary table renewed_hashes on commit drop as
    select old_hash, privacy.keyed_hash(body) as new_hash from statement_bodies;
    create unique index on renewed_hashes (old_hash);
    for stored in select * from privacy.stored_hashes() loop
        execute format(
            'update %1$s as stored set %2$I = coalesce('
            '(select new_hash from pg_temp.renewed_hashes where old_hash = stored.%2$I), privacy.keyed_hash(stored.%2$I))'
            ' where %2$I is not null',
            stored.relation, stored.column_name
        );
    end loop;
    return true;
end
$function$;

create or replace function privacy.drop_unique_surrogates()
returns void
language plpgsql
as $function$
begin
    execute (
        select 'drop index ' || string_agg(indexrelid::regclass::text, ', ')
        from pg_index
        where indrelid = 'privacy.surrogate_index'::regclass and indisunique and indpred is not null
    );
end
$function$;

-- The columns of our own tables that hold pseudonymized texts, by their names, and the function for each. What dbt builds anew
-- by itself is among them and does no harm.
create or replace function privacy.stored_texts()
returns table (relation text, column_name text, function_name text)
language sql stable
as $function$
    select
        format('%I.%I', columns.table_schema, columns.table_name),
        columns.column_name::text,
        case when columns.column_name ~ '(^|_)(sql|statement)$' then 'pseudonymized_sql' else 'pseudonymized_text' end
    from information_schema.columns as columns
    inner join information_schema.tables as tables using (table_schema, table_name)
    where tables.table_type = 'BASE TABLE'
        and columns.table_schema in ('raw_serving', 'raw_training', 'intermediate')
        and columns.data_type = 'text'
        and columns.column_name ~ '(^|_)(sql|statement|question|comment|note|pair_name|title|reference)$'
$function$;

create or replace function privacy.stored_hashes()
returns table (relation text, column_name text)
language sql stable
as $function$
    select format('%I.%I', columns.table_schema, columns.table_name), columns.column_name::text
    from information_schema.columns as columns
    inner join information_schema.tables as tables using (table_schema, table_name)
    where tables.table_type = 'BASE TABLE'
        and columns.table_schema in ('raw_serving', 'raw_training', 'intermediate')
        and columns.column_name in ('statement_hash', 'question_hash', 'line_hash')
$function$;

create or replace function privacy.forget_old_keys()
returns void
language sql
as $function$
    delete from privacy.keys where not is_active
$function$;
{% endmacro %}
