{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['statement_hash']}, {'columns': ['ingested_at']}],
) }}

with classified as (

    select * from {{ ref('int_statements_classified') }}

    {% if is_incremental() %}
    -- whole batches are ingested in one transaction, so a later batch has a later time
    where ingested_at > (select coalesce(max(this.ingested_at), '-infinity') from {{ this }} as this)
    {% endif %}

)

select
    ---------- ids
    log_file,
    byte_offset,
    query_id,
    case
        when statement_class = 'question' then privacy.keyed_hash(staging.statement_body(bound_statement))
    end as statement_hash,

    ---------- text
    user_name,
    application_name,
    statement_class,

    ---------- numerics
    duration_ms,

    ---------- timestamps
    logged_at as executed_at,
    ingested_at

from classified
