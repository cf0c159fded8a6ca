select
    ---------- ids
    candidate_id,
    catalog_hash,
    fingerprint,

    ---------- text
    verdict,
    reason,
    canonical_sql,

    ---------- numerics
    row_count,
    elapsed_ms,

    ---------- timestamps
    validated_at

from {{ source('raw_training', 'pair_validations') }}
