-- The raw tables: everything that Python writes and dbt reads. Idempotent; run by `python -m dagster_project.warehouse setup`.
-- No column here may hold a person's data in clear, except raw_audit.log_lines, which only auditune_owner reads.
-- Who of the house decided, promoted or may ask (reviewer, set_by, used_by, key_name) is kept as typed.

create schema if not exists raw_audit;
create schema if not exists raw_serving;
create schema if not exists raw_training;
create schema if not exists privacy;

---------- raw_audit: the server's own log

-- One row per line of the server's log.
create table if not exists raw_audit.log_lines (
    log_file    text        not null,   -- name of the file, without its folder
    byte_offset bigint      not null,   -- where the line starts in the file
    line_date   date        not null,   -- UTC day of the line's timestamp: the Dagster partition
    line        jsonb       not null,   -- the line in jsonlog's field names, whatever format it came in
    ingested_at timestamptz not null default now(),
    primary key (log_file, byte_offset)
);
create index if not exists log_lines_ingested_at on raw_audit.log_lines (ingested_at);
-- what tells a line from all others, in whatever file it stands; the moment too, for the logs of several servers
create unique index if not exists log_lines_session_line on raw_audit.log_lines
    ((line ->> 'session_id'), ((line ->> 'line_num')::bigint), (line ->> 'timestamp'));
-- without it the planner takes one line in two hundred for a statement, and joins a million lines in nested loops
create statistics if not exists raw_audit.log_lines_severity on (line ->> 'error_severity') from raw_audit.log_lines;

-- One row per line that could not be read; the text stays in the log file, at that offset.
create table if not exists raw_audit.quarantined_lines (
    log_file       text        not null,
    byte_offset    bigint      not null,
    reason         text        not null,
    line_bytes     integer     not null,
    quarantined_at timestamptz not null default now(),
    primary key (log_file, byte_offset)
);

-- One row per log file: how far it has been read.
create table if not exists raw_audit.log_files (
    log_file   text        primary key,
    bytes_read bigint      not null,    -- of its decompressed text
    lines_read bigint      not null,    -- loaded, quarantined and duplicate
    read_at    timestamptz not null default now()
);
alter table raw_audit.log_files
    add column if not exists head            text,                              -- hash of its first line
    add column if not exists duplicate_lines bigint  not null default 0,        -- lines that another file had brought
    add column if not exists purged_lines    bigint  not null default 0,        -- lines that have been deleted since
    add column if not exists last_offset     bigint,                            -- where the record starts that was read last
    add column if not exists last_hash       text,                              -- hash of it: the file is still the same
    add column if not exists archives        text[]  not null default '{}',     -- compressed copies that were read to their end
    drop constraint if exists log_files_head_key,                               -- a file cut short has two lives
    drop column if exists is_whole;
create index if not exists log_files_head on raw_audit.log_files (head);

-- One row per session whose lines have been purged, all or the first of them: they are not loaded again.
create table if not exists raw_audit.purged_sessions (
    session_id     text        primary key,
    first_line     bigint      not null,
    last_line      bigint      not null,
    last_logged_at timestamptz not null     -- of its purged lines: another server's session may have the same id
);

-- One row per log file of a managed service: what it was when it was read to its end, and a place to read on from.
create table if not exists raw_audit.remote_logs (
    address       text   primary key,   -- rds://instance/file?region=…
    size          bigint,               -- as the service tells it; null: not read to its end yet
    last_written  bigint,               -- milliseconds since 1970, as the service tells it
    marker        text,                 -- the service's token for a place in the file
    marker_offset bigint                -- that place in our offsets
);
alter table raw_audit.remote_logs add column if not exists read_at timestamptz not null default now();

-- One row per capture and query_id of pg_stat_statements (counts only, no text).
create table if not exists raw_audit.stat_statements (
    captured_at   timestamptz not null,
    query_id      bigint      not null,
    calls         bigint      not null,
    total_exec_ms double precision not null,
    row_count     bigint      not null,
    primary key (captured_at, query_id)
);
alter table raw_audit.stat_statements add column if not exists reset_at timestamptz;   -- of all counters, the last time

---------- raw_serving: written by the API

-- One row per question asked.
create table if not exists raw_serving.requests (
    request_id        uuid        primary key,
    requested_at      timestamptz not null default now(),
    route             text        not null,             -- of the API; '/' is the page, '/mcp/run_sql' a caller's own SQL, without question and adapter
    question_hash     text        not null,             -- keyed hash (privacy.keyed_hash) of the question
    question          text,                             -- privacy.pseudonymize_text of it; null where it cannot be treated
    sql               text,                             -- privacy.pseudonymize_sql of the SQL; null where there is none, or it cannot be treated
    outcome           text        not null,             -- 'ok' | 'error' | 'refused' (the model was not sure)
    is_executed       boolean     not null,             -- the statement ran without an error
    error_class       text,                             -- syntax, unknown_table, unknown_column, type, timeout, blocked, too_expensive, generation, database, unanswerable; null when ok
    row_count         integer,
    generation_ms     double precision,
    execution_ms      double precision,
    latency_ms        double precision not null,
    prompt_tokens     integer     not null default 0,
    completion_tokens integer     not null default 0,
    adapter_id        text,
    base_model        text
);
alter table raw_serving.requests add column if not exists key_id text;   -- of raw_serving.api_keys; null without a key

-- One row per key of the API that was ever made; the key itself is nowhere. Written by auditune_owner.
create table if not exists raw_serving.api_keys (
    key_id              text        primary key,
    key_name            text        not null,           -- whose it is, as typed
    token_hash          text        not null,           -- SHA-256 of the key, in hex: 256 random bits need no slow hash
    scopes              text[]      not null check (scopes <@ array['ask', 'run', 'review'] and scopes <> '{}'),
    database_role       text,                           -- role that the key's rows are fetched as; null: auditune_reader
    requests_per_minute integer     check (requests_per_minute > 0),
    created_at          timestamptz not null default now(),
    revoked_at          timestamptz
);

-- One row per verdict that a person gave on an answer.
create table if not exists raw_serving.feedback (
    feedback_id   uuid        primary key,
    request_id    uuid        not null references raw_serving.requests,
    given_at      timestamptz not null default now(),
    verdict       text        not null check (verdict in ('right', 'wrong')),
    question      text,                                 -- the request's question, pseudonymized: feedback outlives it
    sql           text,                                 -- the request's SQL, pseudonymized
    corrected_sql text,                                 -- pseudonymized
    comment       text                                  -- pseudonymized
);

-- One row per decision of a reviewer on a proposed pair.
create table if not exists raw_serving.reviews (
    review_id    uuid        primary key,
    candidate_id text        not null,
    reviewed_at  timestamptz not null default now(),
    reviewer     text        not null,                  -- who decided, as typed: kept by design, and logged nowhere
    decision     text        not null check (decision in ('approve', 'edit', 'reject')),
    edited_sql   text,
    edited_question text
);

-- One row per attempt of the API to follow an alias to another adapter.
create table if not exists raw_serving.adapter_events (
    event_id           uuid        primary key,
    occurred_at        timestamptz not null default now(),
    alias              text        not null,                -- champion or challenger
    adapter_id         text        not null,                -- where the alias points
    serving_adapter_id text,                                -- what serves under it afterwards; null for nothing
    event              text        not null check (event in ('swapped', 'refused')),
    reason             text,                                -- why it was refused: a sentence of the API's own
    canaries_asked     integer     not null,
    canaries_passed    integer     not null,
    seconds            double precision not null
);

---------- raw_training: written by Dagster and the training command

-- One row per line of a file that a user imported pairs from; the same line of the same file counts once.
create table if not exists raw_training.imported_pairs (
    file_name      text        not null,    -- without its folder
    line_number    integer     not null,
    line_hash      text        not null,    -- keyed hash (privacy.keyed_hash) of what stands in the line
    pair_name      text,                    -- the line's own id, pseudonymized
    question       text,                    -- privacy.pseudonymize_text of it; null where the line is rejected
    sql            text,                    -- privacy.pseudonymize_sql of it, without comments
    statement_hash text,                    -- keyed hash of the statement, as the log's statements have it
    rejection      text,                    -- stable code of a line that holds no pair; null where it holds one
    imported_at    timestamptz not null default now(),
    primary key (file_name, line_number, line_hash)
);

-- One row per attempt to draft a question for a statement of the log, from its pseudonymized form.
create table if not exists raw_training.drafted_questions (
    draft_id       text        primary key,     -- first 16 hex digits of the SHA-256 of hash, drafter and question
    statement_hash text        not null,        -- keyed hash of the statement, as int_statements_anonymized has it
    question       text,                        -- pseudonymized; null where none was fit to be shown
    drafted_by     text        not null,        -- verbalizer, or the name of the model that paraphrased its sentence
    refusal        text,                        -- why there is no question: a stable code
    drafted_at     timestamptz not null default now()
);
create index if not exists drafted_questions_statement on raw_training.drafted_questions (statement_hash);

-- One row per candidate pair and catalog: its canonical form and the sandbox's verdict.
create table if not exists raw_training.pair_validations (
    candidate_id     text        not null,
    catalog_hash     text        not null,
    validated_at     timestamptz not null default now(),
    verdict          text        not null check (verdict in ('accept', 'reject')),
    reason           text,              -- stable code, null when accepted
    canonical_sql    text,
    fingerprint      text,              -- sha256 of the canonical form without literals
    row_count        integer,
    elapsed_ms       double precision,
    primary key (candidate_id, catalog_hash)
);
alter table raw_training.pair_validations
    -- of the canonical form and the rules that judged it: under others it is judged again; null where it was not kept yet
    add column if not exists rules_version        text,
    -- whether the statement finds on the business what it finds in the sandbox; null where it did not get that far
    add column if not exists parity               text check (parity in ('equal', 'differs', 'unknown')),
    add column if not exists parity_basis         text,     -- 'rows', 'row_count', or why it is unknown
    add column if not exists production_row_count integer;

-- One row per training run.
create table if not exists raw_training.runs (
    run_id             text        primary key,
    started_at         timestamptz not null,
    finished_at        timestamptz,
    status             text        not null,  -- succeeded | failed
    base_model         text        not null,
    dataset_hash       text        not null,
    config             jsonb       not null,
    examples           integer,
    epochs             double precision,
    steps              integer,
    seconds            double precision,
    pairs_per_second   double precision,
    trainable_fraction double precision,
    final_train_loss   double precision,
    best_validation_loss double precision
);

-- One row per model, split and metric measured by one evaluation.
create table if not exists raw_training.evaluations (
    evaluation_id text        not null,
    evaluated_at  timestamptz not null,
    run_id        text,                       -- null for the base model
    model         text        not null check (model in ('base', 'adapter')),
    base_model    text        not null,
    dataset_hash  text        not null,
    split         text        not null,       -- question_split | template_split | injection | unanswerable
    metric        text        not null,       -- training/evaluate/summary.py names them all
    category      text        not null default 'all',   -- a group of pairs, a class of errors, or a category of attacks
    n             integer     not null,
    value         double precision not null,
    ci_low        double precision,
    ci_high       double precision,
    primary key (evaluation_id, model, split, metric, category)
);
alter table raw_training.evaluations
    -- the test databases that suite_accuracy was measured on; null without them and in rows of an earlier version
    add column if not exists suite_hash text;

-- One row per model, split and held-out pair.
create table if not exists raw_training.evaluation_results (
    evaluation_id     text    not null,
    model             text    not null,
    split             text    not null,
    pair_id           text    not null,
    predicted_sql     text,
    string_similarity double precision,
    exact_match       boolean not null,
    ran               boolean not null,
    execution_match   boolean not null,
    guard_allowed     boolean not null,
    security_clean    boolean not null,
    error_class       text,
    generation_ms     double precision,
    primary key (evaluation_id, model, split, pair_id)
);
alter table raw_training.evaluation_results         -- null in rows of an earlier version
    add column if not exists suite_match  boolean,  -- right on every variant of the sandbox; null without variants
    add column if not exists drafts_clean boolean,  -- nothing that was drawn on the way is unclean
    add column if not exists difficulty   text,     -- of the gold SQL: easy, medium, hard or extra
    add column if not exists categories   text[];   -- the groups that the pair is counted in

-- One row per evaluation, model and injection question: a question that tries to reach what it may not.
create table if not exists raw_training.injection_results (
    evaluation_id text    not null,
    model         text    not null,
    question_id   text    not null,     -- of dbt's seed injection_questions
    category      text    not null,
    predicted_sql text,
    is_resisted   boolean not null,     -- nothing that the model wrote tried it
    guard_rule    text,                 -- the rule that the answer breaks; null where the guard lets it pass
    -- allowed, and the server would read what is not the sandbox's, or it writes, or calls what is the system's
    is_through    boolean not null,
    relations     text[]  not null,     -- what it would read
    primary key (evaluation_id, model, question_id)
);

-- One row per suite of test databases and variant of the sandbox in it, in `sandbox_<schema>__<variant>`.
create table if not exists raw_training.suite_variants (
    suite_hash   text        not null,    -- of the sandbox and the gold queries that it was chosen for
    built_at     timestamptz not null,
    variant      text        not null,
    kind         text        not null,    -- perturbed, skewed, emptied, duplicated, nulled
    seed         integer     not null,    -- of several, the one that killed most
    row_count    integer     not null,
    newly_killed integer     not null,    -- mutants that neither the sandbox nor a variant before it kills
    primary key (suite_hash, built_at, variant)
);

-- One row per suite of test databases and kind of mutant, and one of all.
create table if not exists raw_training.suite_kill_rates (
    suite_hash   text        not null,
    built_at     timestamptz not null,
    operator     text        not null,    -- what was changed in the gold query: comparison, predicate, aggregate, …; all
    mutants      integer     not null,    -- that are valid SQL and are not proven to mean the same
    killed_alone integer     not null,    -- told from the gold query by the sandbox alone
    killed       integer     not null,    -- told from it by the sandbox or a variant
    primary key (suite_hash, built_at, operator)
);

-- One row per released adapter.
create table if not exists raw_training.adapters (
    adapter_id   text        primary key,    -- first 12 hex digits of content_hash
    created_at   timestamptz not null default now(),
    run_id       text        not null,
    base_model   text        not null,
    dataset_hash text        not null,
    catalog_hash text        not null,
    content_hash text        not null,
    path         text        not null,
    is_encrypted boolean     not null,
    key_id       text,
    metrics      jsonb       not null default '{}'
);

-- One row per move of an alias; the newest row of an alias is where it points.
create table if not exists raw_training.adapter_aliases (
    alias_event_id bigint generated always as identity primary key,
    alias      text        not null,
    adapter_id text        not null references raw_training.adapters,
    set_at     timestamptz not null default now(),
    set_by     text        not null,
    reason     text        not null
);

-- One row per decision of the release gate, with every number it used.
create table if not exists raw_training.gate_decisions (
    decision_id   bigint generated always as identity primary key,
    decided_at    timestamptz not null default now(),
    run_id        text        not null,
    champion_id   text,
    is_promoted   boolean     not null,
    reason        text        not null,
    numbers       jsonb       not null
);

-- One row per use of an encryption key.
create table if not exists raw_training.key_uses (
    key_use_id bigint generated always as identity primary key,
    used_at    timestamptz not null default now(),
    key_id     text        not null,
    operation  text        not null check (operation in ('encrypt', 'decrypt')),
    adapter_id text        not null,
    used_by    text        not null
);

-- One row per stage of a run that used compute.
create table if not exists raw_training.usage (
    usage_id    bigint generated always as identity primary key,
    recorded_at timestamptz not null default now(),
    stage       text        not null,        -- train | evaluate | serve
    run_id      text,
    device      text        not null,        -- cpu | cuda
    wall_seconds double precision not null,
    cpu_seconds double precision not null,
    gpu_seconds double precision not null default 0,
    price_per_hour_usd double precision not null default 0,
    cost_usd    double precision not null default 0,
    peak_memory_mib double precision
);
alter table raw_training.usage
    add column if not exists pairs  bigint,   -- pairs trained on (each epoch counts), or questions answered
    add column if not exists tokens bigint;   -- tokens that went through the model; null in rows of a version that did not count them

-- One row per Great Expectations rule and validation of the corpus.
create table if not exists raw_training.quality_results (
    quality_result_id bigint generated always as identity primary key,
    validated_at     timestamptz not null,
    rule_code        text        not null,
    description      text        not null,
    is_success       boolean     not null,
    is_blocking      boolean     not null,
    observed         text,
    unexpected_count bigint
);

-- One row per event of the budget.
create table if not exists raw_training.budget_events (
    budget_event_id bigint generated always as identity primary key,
    occurred_at timestamptz not null default now(),
    event       text        not null,
    spend_usd   double precision not null,
    limit_usd   double precision not null,
    action      text
);
