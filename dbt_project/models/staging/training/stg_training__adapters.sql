select
    ---------- ids
    adapter_id,
    run_id,
    dataset_hash,
    catalog_hash,
    content_hash,
    key_id,

    ---------- text
    base_model,
    path,

    ---------- booleans
    is_encrypted,

    ---------- timestamps
    created_at

from {{ source('raw_training', 'adapters') }}
