with moves as (

    select * from {{ ref('stg_training__adapter_aliases') }}

),

adapters as (

    select * from {{ ref('stg_training__adapters') }}

),

accuracies as (

    select
        run_id,
        max(value) filter (where split = 'question_split') as question_split_accuracy,
        max(value) filter (where split = 'template_split') as template_split_accuracy
    from {{ ref('stg_training__evaluations') }}
    where model = 'adapter'
        and metric = 'execution_accuracy'
        and category = 'all'
    group by run_id

)

select
    ---------- ids
    moves.alias_event_id,
    moves.adapter_id,
    adapters.run_id,
    adapters.dataset_hash,

    ---------- text
    moves.alias,
    moves.set_by,
    moves.reason,
    adapters.base_model,

    ---------- numerics
    accuracies.question_split_accuracy,
    accuracies.template_split_accuracy,

    ---------- booleans
    adapters.is_encrypted,
    row_number() over (partition by moves.alias order by moves.alias_event_id desc) = 1 as is_current,

    ---------- timestamps
    moves.set_at,
    adapters.created_at

from moves
inner join adapters on moves.adapter_id = adapters.adapter_id
left join accuracies on adapters.run_id = accuracies.run_id
