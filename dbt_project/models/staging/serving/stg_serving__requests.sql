with source as (

    select * from {{ source('raw_serving', 'requests') }}

),

renamed as (

    select
        ---------- ids
        request_id,
        adapter_id,
        base_model,
        question_hash,
        key_id,

        ---------- text
        route,
        question,
        sql,
        outcome,
        error_class,

        ---------- numerics
        row_count,
        generation_ms,
        execution_ms,
        latency_ms,
        prompt_tokens,
        completion_tokens,

        ---------- booleans
        is_executed,

        ---------- timestamps
        requested_at

    from source

)

select * from renamed
