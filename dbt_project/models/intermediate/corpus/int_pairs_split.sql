{#- Two honest questions of one training run:
      question_split  a new phrasing, or other values, where the template may be known
      template_split  a template that training has never seen
    Whole templates are held out first; the questions of the others are then split. Hashes decide, so a pair never
    moves from test to train when others come or go. -#}
with judged as (

    select * from {{ ref('int_pairs_judged') }}
    where reason is null

),

bucketed as (

    select
        *,
        ('x' || left(md5('template ' || fingerprint), 7))::bit(28)::integer % 100 as template_bucket,
        ('x' || left(md5('question ' || lower(question)), 7))::bit(28)::integer % 100 as question_bucket
    from judged

)

select
    *,
    case when template_bucket < {{ var('template_test_percent') }} then 'test' else 'train' end as template_split,
    case
        when template_bucket < {{ var('template_test_percent') }} then 'none'
        when question_bucket < {{ var('question_test_percent') }} then 'test'
        when question_bucket < {{ var('question_test_percent') + var('question_dev_percent') }} then 'dev'
        else 'train'
    end as question_split
from bucketed
