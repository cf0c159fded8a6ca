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
        "select privacy.keep_surrogates_unique()",
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

-- (the surrogate is null here: the post-hook settles whose is whose)
with raw_values as (

    select distinct on (lower(btrim(value)), pii_class)
        pii_class,
        value
    from privacy.raw_values()
    where btrim(value) <> ''
    order by lower(btrim(value)), pii_class, value

),

hashed as materialized (

    select
        raw_values.*,
        {{ hmac("'value:' || lower(btrim(raw_values.value))") }} as value_hash
    from raw_values
    cross join privacy.keys
    where keys.is_active

),

unknown as materialized (

    select
        hashed.pii_class,
        hashed.value
    from hashed
    {% if is_incremental() %}
    left join {{ this }} as this using (value_hash, pii_class)
    where this.value_hash is null
    {% endif %}

)

select
    {{ surrogate_index_columns() }}
from unknown
cross join privacy.keys
where keys.is_active
