with pairs as (

    select
        measured_on,
        'pairs' as measure,
        reason as code,
        pairs::numeric as value,
        null::boolean as is_success
    from {{ ref('rpt_corpus_quality') }}

),

statements as (

    select
        (executed_at at time zone 'UTC')::date as measured_on,
        'statements' as measure,
        statement_class as code,
        count(*)::numeric as value,
        null::boolean as is_success
    from {{ ref('int_statement_executions') }}
    group by 1, 2, 3

),

rules as (

    select distinct on ((validated_at at time zone 'UTC')::date, rule_code)
        (validated_at at time zone 'UTC')::date as measured_on,
        'rules' as measure,
        rule_code as code,
        unexpected_count::numeric as value,
        is_success
    from {{ ref('stg_training__quality_results') }}
    order by (validated_at at time zone 'UTC')::date, rule_code, validated_at desc

)

select * from pairs
union all
select * from statements
union all
select * from rules
