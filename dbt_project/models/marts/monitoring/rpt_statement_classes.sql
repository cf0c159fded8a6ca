{{ config(alias='statement_classes') }}

select
    ---------- dates
    (executed_at at time zone 'UTC')::date as executed_on,

    ---------- text
    statement_class,

    ---------- booleans
    statement_class = 'question' as is_kept,

    ---------- numerics
    count(*) as executions,
    count(distinct statement_hash) as statements
from {{ ref('int_statement_executions') }}
group by 1, 2
