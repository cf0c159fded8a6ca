{#- What privacy.surrogate_index (the model int_pii_surrogates) is made with.

    privacy.raw_values(): one row per tagged column and distinct value in it, whatever the column's type: the elements of
    an array, the strings and numbers of a JSON document. The only place that reads the values.
    privacy.settle_surrogates(): gives each new value of the index its first choice, or where that is taken the next one that
    is free. Sure to end: surrogates of the same shape get longer from the sixteenth attempt on, and the other kinds are a
    thousand million each.
    privacy.keep_surrogates_unique(): the unique index behind it. Birth dates apart: they are moved alike, which keeps them
    apart, but a bound that stays ('1800-01-01') may be where one goes. -#}
{% macro function_surrogate_index() %}
create or replace function privacy.raw_values()
returns table (pii_class text, value text)
language plpgsql stable
as $function$
declare
    tagged record;
    type text;
begin
    for tagged in select * from privacy.tagged_columns loop
        select format_type(columns.atttypid, null) into type
        from pg_attribute as columns
        where columns.attrelid = to_regclass(format('%I.%I', tagged.table_schema, tagged.table_name))
            and columns.attname = tagged.column_name
            and not columns.attisdropped;
        if type is null then
            raise exception '%.% has no column %: correct its source YAML, where it is tagged `pii: %`',
                tagged.table_schema, tagged.table_name, tagged.column_name, tagged.pii_class;
        end if;
        return query execute format(
            case
                when type like '%[]' then 'select distinct %1$L, item from %2$I.%3$I cross join unnest(%4$I::text[]) as item'
                when type in ('json', 'jsonb') then
                    'select distinct %1$L, item #>> ''{}'' from %2$I.%3$I cross join jsonb_path_query('
                    '%4$I::jsonb, ''strict $.** ? (@.type() == "string" || @.type() == "number")'') as item'
                else 'select distinct %1$L, %4$I::text from %2$I.%3$I'
            end,
            tagged.pii_class, tagged.table_schema, tagged.table_name, tagged.column_name
        );
    end loop;
end
$function$;

create or replace function privacy.settle_surrogates()
returns void
language plpgsql
as $function$
declare
    unsettled record;
    candidate text;
    attempt integer;
begin
    update privacy.surrogate_index as known
    set surrogate = known.first_choice, first_choice = null
    from (
        select
            value_hash,
            pii_class,
            row_number() over (partition by pii_class, lower(first_choice) order by value_hash) as claim
        from privacy.surrogate_index
        where surrogate is null
    ) as claims
    where known.surrogate is null
        and claims.value_hash = known.value_hash
        and claims.pii_class = known.pii_class
        and (known.pii_class = 'birth_date' or claims.claim = 1 and not privacy.is_taken(known.pii_class, known.first_choice));

    for unsettled in
        select value_hash, pii_class, first_choice
        from privacy.surrogate_index
        where surrogate is null
        order by pii_class, value_hash
    loop
        attempt := 0;
        loop
            attempt := attempt + 1;
            candidate := privacy.surrogate(unsettled.pii_class, unsettled.first_choice, attempt);
            exit when not privacy.is_taken(unsettled.pii_class, candidate);
        end loop;
        -- the first choice may be somebody's value: it is not kept
        update privacy.surrogate_index as known
        set surrogate = candidate, first_choice = null
        where known.value_hash = unsettled.value_hash and known.pii_class = unsettled.pii_class;
    end loop;
end
$function$;

create or replace function privacy.keep_surrogates_unique()
returns void
language plpgsql
as $function$
begin
    -- the server names the index: during a full refresh the old table still has the name
    if not exists (
        select 1
        from pg_index
        where indrelid = 'privacy.surrogate_index'::regclass and indisunique and indpred is not null
    ) then
        create unique index on privacy.surrogate_index (pii_class, lower(surrogate)) where pii_class <> 'birth_date';
    end if;
end
$function$;
{% endmacro %}

{#- The columns of an index row, of a value and its class. For a query that has `values (pii_class, value)` and the active
    row `keys`. How a value is found in a running text: by its first word, then whole. -#}
{% macro surrogate_index_columns() %}
    {{ hmac("'value:' || lower(btrim(value))") }} as value_hash,
    pii_class,
    null::text as surrogate,
    privacy.surrogate(pii_class, value, 0) as first_choice,
    {{ hmac("'core:' || lower(privacy.in_running_text(value))") }} as core_hash,
    {{ hmac("'head:' || lower(substring(privacy.in_running_text(value) from '^[" ~ word_characters() ~ "]+'))") }} as head_hash,
    regexp_count(privacy.in_running_text(value), '[{{ word_characters() }}]+') as word_count
{%- endmacro %}
