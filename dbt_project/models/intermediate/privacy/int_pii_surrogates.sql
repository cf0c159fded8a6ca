{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    schema='privacy',
    alias='surrogate_index',
    indexes=[
        {'columns': ['value_hash', 'pii_class'], 'unique': true},
        {'columns': ['core_hash']},
        {'columns': ['head_hash', 'word_count']},
    ],
    post_hook=[
        "{{ unique_surrogates() }}",
        "analyze {{ this }}",
        "select privacy.settle_surrogates()",
    ],
) }}

-- depends_on: {{ ref('int_pii_columns') }}
{%- for schema in chosen_schemas() %}
{%- for table in context['tables_of_' ~ schema]() %}
-- depends_on: {{ source(schema, table) }}
{%- endfor %}
{%- endfor %}
{%- set tags = pii_tags() %}

with raw_values as (

    {%- for tag in tags %}
    select distinct
        '{{ tag.pii }}' as pii_class,
        {{ tagged_values(tag) }} as value
    from {{ adapter.quote(tag.schema) }}.{{ adapter.quote(tag.table) }}
    {{ 'union' if not loop.last }}
    {%- else %}
    select null as pii_class, null as value where false
    {%- endfor %}

),

active_key as (

    select * from privacy.keys where is_active

),

hashed as (

    select distinct on (value_hash, pii_class)
        {{ hmac("'value:' || lower(btrim(raw_values.value))") }} as value_hash,
        raw_values.pii_class,
        raw_values.value,
        privacy.in_running_text(raw_values.value) as core
    from raw_values
    cross join active_key as keys
    where btrim(raw_values.value) <> ''
    order by value_hash, pii_class, value

),

unknown as (

    select hashed.*
    from hashed
    {% if is_incremental() %}
    left join {{ this }} as this using (value_hash, pii_class)
    where this.value_hash is null
    {% endif %}

),

with_first_choice as (

    select
        *,
        privacy.surrogate(pii_class, value, 0) as first_choice
    from unknown

),

judged as (

    select
        with_first_choice.*,
        with_first_choice.pii_class <> 'birth_date'
        and (
            -- another value's first choice as well, or somebody's own value, or taken already
            row_number() over (partition by pii_class, lower(first_choice) order by value_hash) > 1
            or exists (
                select 1
                from hashed
                cross join active_key as keys
                where hashed.pii_class = with_first_choice.pii_class
                    and hashed.value_hash = {{ hmac("'value:' || lower(with_first_choice.first_choice)") }}
            )
            {% if is_incremental() %}
            or exists (
                select 1
                from {{ this }} as this
                where this.pii_class = with_first_choice.pii_class
                    and lower(this.surrogate) = lower(with_first_choice.first_choice)
            )
            {% endif %}
        ) as is_taken
    from with_first_choice

)

select
    ---------- ids
    judged.value_hash,
    judged.pii_class,

    ---------- what stands for the value; null until privacy.settle_surrogates has found one that is free
    case when not judged.is_taken then judged.first_choice end as surrogate,
    case when judged.is_taken then judged.first_choice end as first_choice,

    ---------- how the value is found in a running text: by its first word, then whole
    {{ hmac("'core:' || lower(judged.core)") }} as core_hash,
    {{ hmac("'head:' || lower(substring(judged.core from '^[" ~ word_characters() ~ "]+'))") }} as head_hash,
    word_count

from judged
cross join active_key as keys
cross join lateral regexp_count(judged.core, '[{{ word_characters() }}]+') as word_count
