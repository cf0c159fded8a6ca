with judged as (

    select * from {{ ref('int_pairs_judged') }}
    where reason is not null

),

imported_lines as (

    select * from {{ ref('stg_training__imported_pairs') }}
    where rejection is not null

),

rejected_lines as (

    select
        left(encode(sha256(convert_to(concat_ws(E'\n', file_name, line_number, line_hash), 'UTF8')), 'hex'), 16) as candidate_id,
        null::text as question,
        null::text as statement,
        'import'::text as origin,
        rejection as reason,
        imported_at as first_seen_at,
        imported_at as validated_at
    from imported_lines

),

rejected_candidates as (

    select
        candidate_id,
        -- what a person may be recognized by is shown to nobody
        case when reason <> 'contains_pii' then question end as question,
        case when reason <> 'contains_pii' then statement end as statement,
        origin,
        reason,
        first_seen_at,
        validated_at
    from judged

),

unioned as (

    select * from rejected_candidates
    union all
    select * from rejected_lines

)

select
    ---------- ids
    candidate_id,

    ---------- text
    question,
    statement,
    origin,
    reason,

    ---------- timestamps
    first_seen_at,
    validated_at

from unioned
