select
    ---------- ids
    candidate_id,
    catalog_hash,
    rules_version,
    fingerprint,

    ---------- text
    verdict,
    reason,
    canonical_sql,
    parity,
    parity_basis,

    ---------- numerics
    row_count,
    production_row_count,
    elapsed_ms,

    ---------- timestamps
    validated_at

from {{ source('raw_training', 'pair_validations') }}
