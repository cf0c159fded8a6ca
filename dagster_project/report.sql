-- The figures of the report, as one JSON object.
with waiting_drafts as (
    -- questions that nobody has asked and nobody has decided about
    select candidate_id from intermediate.int_pair_candidates
    where origin = 'drafted'
        and review_decision is null
),

latest_run as (
    select * from raw_training.runs order by finished_at desc limit 1
),

latest_evaluation as (
    select evaluation_id from raw_training.evaluations order by evaluated_at desc limit 1
),

accuracies as (
    select
        evaluations.model,
        json_object_agg(
            evaluations.split,
            json_build_object(
                'execution_accuracy', evaluations.value,
                'n', evaluations.n,
                'ci95', json_build_array(evaluations.ci_low, evaluations.ci_high)
            )
        ) as splits
    from raw_training.evaluations as evaluations
    inner join latest_evaluation on evaluations.evaluation_id = latest_evaluation.evaluation_id
    where evaluations.metric = 'execution_accuracy'
        and evaluations.category = 'all'
    group by evaluations.model
),

champion as (
    select adapters.adapter_id, adapters.is_encrypted
    from monitoring.adapter_history as history
    inner join raw_training.adapters as adapters on history.adapter_id = adapters.adapter_id
    where history.alias = 'champion'
        and history.is_current
)

select json_build_object(
    'corpus', json_build_object(
        'log_lines', (select count(*) from raw_audit.log_lines),
        'statements', (select count(*) from intermediate.int_statements_anonymized),
        'questions', (
            select count(distinct question) from intermediate.int_pair_candidates
            where candidate_id not in (select candidate_id from waiting_drafts)
        ),
        'pairs_validated', (select count(*) from corpus.training_pairs),
        'pairs_rejected', (
            select count(*) from corpus.rejected_pairs
            where candidate_id not in (select candidate_id from waiting_drafts)
        )
    ),
    'training', (
        select json_build_object(
            'base_model', base_model,
            'trainable_fraction', trainable_fraction,
            'examples', examples,
            'epochs', epochs,
            'seconds', seconds,
            'pairs_per_second', pairs_per_second
        )
        from latest_run
    ),
    'evaluation', (select json_object_agg(model, splits) from accuracies),
    'release', (
        select json_build_object(
            'adapter_id', (select adapter_id from raw_training.adapters order by created_at desc limit 1),
            'champion', adapter_id,
            'encrypted', is_encrypted
        )
        from champion
    ),
    'serving', (
        select json_build_object(
            'asked', count(*),
            'executed_ok', count(*) filter (where is_executed),
            'p50_ms', round(percentile_cont(0.5) within group (order by latency_ms)::numeric, 1),
            'p95_ms', round(percentile_cont(0.95) within group (order by latency_ms)::numeric, 1)
        )
        from raw_serving.requests
        where requested_at >= %(since)s
    )
)
