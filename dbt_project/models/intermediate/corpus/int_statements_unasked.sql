with statements as (

    select * from {{ ref('int_statements_anonymized') }}

),

-- what dbt ran by itself nobody asked
machine_executions as (

    select
        log_file,
        byte_offset
    from {{ ref('int_statement_tools') }}
    where is_machine

),

executions as (

    select
        executed.statement_hash,
        count(*) as execution_count
    from {{ ref('int_statement_executions') }} as executed
    left join machine_executions
        on executed.log_file = machine_executions.log_file
        and executed.byte_offset = machine_executions.byte_offset
    where executed.statement_hash is not null
        and machine_executions.log_file is null
    group by executed.statement_hash

),

commented_questions as (

    select statement_hash from {{ ref('int_statement_questions') }}

),

annotations as (

    select privacy.keyed_hash(staging.statement_body(statement)) as statement_hash
    from {{ ref('question_annotations') }}

),

imported as (

    select statement_hash from {{ ref('stg_training__imported_pairs') }}
    where rejection is null

),

asked as (

    select statement_hash from commented_questions
    union
    select statement_hash from annotations
    union
    select statement_hash from imported

)

select
    ---------- ids
    statements.statement_hash,

    ---------- text
    statements.statement,

    ---------- numerics
    executions.execution_count

from statements
inner join executions on statements.statement_hash = executions.statement_hash
left join asked on statements.statement_hash = asked.statement_hash
where asked.statement_hash is null
