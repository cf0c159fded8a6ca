with pairs as (

    select * from {{ ref('int_pairs_judged') }}
    where reason is null

),

executions as (

    select * from {{ ref('int_statement_executions') }}

),

tools as (

    select * from {{ ref('int_statement_tools') }}

)

select
    ---------- ids
    pairs.candidate_id as pair_id,
    pairs.statement_hash,
    executions.log_file,
    executions.byte_offset,
    executions.query_id,

    ---------- text
    executions.user_name,
    executions.application_name,
    tools.tool,
    tools.tool_reference,
    pairs.origin,
    pairs.reviewer,

    ---------- timestamps
    executions.executed_at,
    pairs.reviewed_at

from pairs
inner join executions on pairs.statement_hash = executions.statement_hash
left join tools
    on executions.log_file = tools.log_file
    and executions.byte_offset = tools.byte_offset
