-- Stores drafted questions, pseudonymized, and the refusals: what was tried is not tried again.
with drafts as (
    select *
    from unnest(%(hashes)s::text[], %(questions)s::text[], %(refusals)s::text[])
        as drafts (statement_hash, question, refusal)
),

pseudonymized as materialized (
    select
        statement_hash,
        question as written,
        privacy.pseudonymize_text(question) as question,
        refusal
    from drafts
),

judged as (
    select
        statement_hash,
        question,
        coalesce(
            refusal,
            -- a model was told pseudonyms alone: a person in its answer is one that the statement does not ask about
            case when not %(is_own)s and question is distinct from written then 'personal_value' end,
            case when privacy.holds_personal_value(question) then 'personal_value' end
        ) as refusal
    from pseudonymized
)

insert into raw_training.drafted_questions (draft_id, statement_hash, question, drafted_by, refusal)
select
    left(encode(sha256(convert_to(
        concat_ws(E'\n', statement_hash, %(drafted_by)s::text, coalesce(refusal, question)), 'UTF8'
    )), 'hex'), 16),
    statement_hash,
    case when refusal is null then question end,
    %(drafted_by)s,
    refusal
from judged
on conflict do nothing
returning coalesce(refusal, 'drafted')
