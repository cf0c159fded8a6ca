with imported_pairs as (

    select * from {{ source('raw_training', 'imported_pairs') }}

)

select
    ---------- ids
    line_hash,
    file_name,
    line_number,
    pair_name,
    {{ candidate_id('question', 'sql') }} as candidate_id,
    statement_hash,

    ---------- text
    question,
    sql as statement,
    rejection,

    ---------- timestamps
    imported_at

from imported_pairs
