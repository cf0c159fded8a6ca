{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    schema='privacy',
    alias='surrogate_index',
    indexes=[{'columns': ['value_hash', 'pii_class'], 'unique': true}],
    post_hook='create index if not exists surrogate_index_surrogate on {{ this }} (lower(surrogate))',
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
        {{ adapter.quote(tag.column) }}::text as value
    from {{ adapter.quote(tag.schema) }}.{{ adapter.quote(tag.table) }}
    {{ 'union' if not loop.last }}
    {%- else %}
    select null as pii_class, null as value where false
    {%- endfor %}

),

hashed as (

    select distinct on (value_hash, pii_class)
        privacy.value_hash(value) as value_hash,
        pii_class,
        value
    from raw_values
    where btrim(value) <> ''
    order by value_hash, pii_class, value

),

{% if is_incremental() %}
unknown as (

    select hashed.*
    from hashed
    left join {{ this }} as this using (value_hash, pii_class)
    where this.value_hash is null

),
{% else %}
unknown as (

    select * from hashed

),
{% endif %}

numbered as (

    select
        *,
        row_number() over (partition by pii_class, privacy.surrogate(pii_class, value) order by value_hash) as collision
    from unknown

)

-- two values with one surrogate: the later ones take the surrogate of a salted value
select
    value_hash,
    pii_class,
    case
        when collision = 1 then privacy.surrogate(pii_class, value)
        else privacy.surrogate(pii_class, value || collision::text)
    end as surrogate
from numbered
