{#- A failed statement is followed, in its session, by an error line with the same text; a warning may stand between. -#}
with statements as (

    select * from {{ ref('stg_audit__statements') }}

),

errors as (

    select * from {{ ref('stg_audit__errors') }}

),

rules as (

    select * from {{ ref('statement_classes') }}

),

with_body as (

    select
        statements.*,
        staging.statement_body(statements.statement) as body,
        exists (
            select 1
            from errors
            where errors.session_id = statements.session_id
                and errors.session_line_number between statements.session_line_number + 1 and statements.session_line_number + 3
                and errors.statement = statements.statement
        ) as is_failed
    from statements

)

select
    with_body.*,
    case
        when matching_rule.statement_class is not null then matching_rule.statement_class
        when with_body.body !~* '^\(*\s*(select|with)\M' then 'other'
        when with_body.is_failed then 'failed'
        when with_body.bound_statement is null then 'parameters_lost'
        else 'question'
    end as statement_class
from with_body
left join lateral (
    select rules.statement_class
    from rules
    where case rules.matched_on
        when 'statement' then with_body.body
        when 'application' then with_body.application_name
        else with_body.user_name
    end ~* rules.pattern
    order by rules.priority
    limit 1
) as matching_rule on true
