{{ config(alias='corpus_quality') }}

with judged as (

    select * from {{ ref('int_pairs_judged') }}

),

rejected_pairs as (

    select * from {{ ref('rejected_pairs') }}

),

rejection_reasons as (

    select * from {{ ref('rejection_reasons') }}

),

verdicts as (

    select
        validated_at,
        'accepted' as reason
    from judged
    where reason is null

    union all

    select
        coalesce(validated_at, first_seen_at) as validated_at,
        reason
    from rejected_pairs

)

select
    (verdicts.validated_at at time zone 'UTC')::date as measured_on,
    verdicts.reason,
    coalesce(rejection_reasons.meaning, 'In the corpus') as meaning,
    count(*) as pairs
from verdicts
left join rejection_reasons on verdicts.reason = rejection_reasons.code
group by 1, 2, 3
