select
    ---------- ids
    run_id,
    dataset_hash,

    ---------- text
    status,
    base_model,

    ---------- numerics
    examples,
    epochs,
    steps,
    seconds,
    pairs_per_second,
    trainable_fraction,
    final_train_loss,
    best_validation_loss,

    ---------- timestamps
    started_at,
    finished_at

from {{ source('raw_training', 'runs') }}
