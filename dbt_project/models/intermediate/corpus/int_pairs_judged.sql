{#- The codes are those of the seed rejection_reasons. What the question alone shows is found here; what the SQL shows,
    by the sandbox's validation; what shows only beside other pairs, here again. -#}
{{ config(materialized='table') }}

with candidates as (

    select * from {{ ref('int_pair_candidates') }}

),

validations as (

    select * from {{ ref('stg_training__pair_validations') }}

),

latest_validations as (

    select distinct on (candidate_id) *
    from validations
    order by candidate_id, validated_at desc

),

joined as (

    select
        candidates.*,
        latest_validations.catalog_hash,
        latest_validations.fingerprint,
        latest_validations.canonical_sql,
        latest_validations.row_count,
        latest_validations.parity,
        latest_validations.parity_basis,
        latest_validations.production_row_count,
        latest_validations.validated_at,
        case
            when candidates.review_decision = 'reject' then 'rejected_by_reviewer'
            when candidates.question ~ '[[:cntrl:]]' then 'control_characters'
            when candidates.question ~* '^\s*\(*\s*(select|with)\M.*\mfrom\M' then 'question_is_sql'
            when char_length(candidates.question) > {{ var('max_question_characters') }} then 'too_long'
            when char_length(candidates.question) < {{ var('min_question_characters') }} then 'too_short'
            when {{ question_has_placeholder('candidates.question', 'candidates.statement') }} then 'placeholder_left'
            when privacy.dates_disagree(candidates.question, candidates.statement) then 'dates_disagree'
            when latest_validations.candidate_id is null then 'not_validated'
            when latest_validations.verdict = 'reject' then latest_validations.reason
            when latest_validations.parity is distinct from 'equal' then 'parity_unknown'
            when char_length(latest_validations.canonical_sql) > {{ var('max_sql_characters') }} then 'too_long'
            when candidates.origin = 'drafted' and candidates.review_decision is null then 'not_reviewed'
        end as rejection
    from candidates
    left join latest_validations on candidates.candidate_id = latest_validations.candidate_id

),

compared as (

    select
        *,
        -- only pairs that stand so far can be in conflict, or copies of each other
        min(canonical_sql) over standing <> max(canonical_sql) over standing as has_conflict,
        row_number() over (
            partition by lower(question), canonical_sql, rejection is null
            order by reviewed_at desc nulls last, first_seen_at, candidate_id
        ) as copy_number,
        -- what a reviewer approved or edited last is the answer to its question, even where it does not run
        bool_or(review_decision in ('approve', 'edit')) over same_question is true as is_settled,
        first_value(canonical_sql) over (
            same_question
            order by review_decision in ('approve', 'edit') desc nulls last, reviewed_at desc nulls last, candidate_id
        ) as reviewed_sql,
        -- a draft is for SQL that no person has asked for
        coalesce(bool_or(origin <> 'drafted' and rejection is null) over (partition by canonical_sql), false) as is_asked
    from joined
    window
        same_question as (partition by lower(question)),
        standing as (partition by lower(question), rejection is null)

),

settled as (

    select
        *,
        coalesce(
            rejection,
            case
                when is_settled and canonical_sql is distinct from reviewed_sql then 'conflict'
                when has_conflict and not is_settled then 'conflict'
                when copy_number > 1 then 'duplicate'
            end
        ) as reason
    from compared

),

counted as (

    -- of what is left, the drafts that were reviewed last go first
    select
        *,
        count(*) filter (where origin <> 'drafted') over (partition by reason is null) as asked_pairs,
        row_number() over (
            partition by origin = 'drafted', reason is null order by reviewed_at, first_seen_at, candidate_id
        ) as draft_number
    from settled

)

select
    ---------- ids
    candidate_id,
    statement_hash,
    catalog_hash,
    fingerprint,

    ---------- text
    question,
    statement,
    canonical_sql,
    origin,
    parity,
    parity_basis,
    case
        when
            reason is null
            and origin = 'drafted'
            and draft_number * (100 - {{ var('max_drafted_percent') }}) > asked_pairs * {{ var('max_drafted_percent') }}
            then 'over_draft_cap'
        else reason
    end as reason,
    reviewer,

    ---------- numerics
    row_count,
    production_row_count,

    ---------- booleans
    (rejection is null and has_conflict and not is_settled)
    or (rejection is not distinct from 'not_reviewed' and not is_asked) as needs_review,

    ---------- timestamps
    first_seen_at,
    reviewed_at,
    validated_at

from counted
