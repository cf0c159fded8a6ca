-- Stores lines of a file of pairs, and notes in the session's own table which they are. Nothing is stored in clear.
with lines as (
    select *
    from unnest(
        %(numbers)s::integer[], %(hashes)s::text[], %(names)s::text[], %(are_numbers)s::boolean[],
        %(questions)s::text[], %(statements)s::text[], %(rejections)s::text[]
    ) as lines (line_number, content_hash, pair_name, is_number, question, statement, rejection)
),

hashed as materialized (
    select *, privacy.keyed_hash(content_hash) as line_hash
    from lines
),

noted as (
    insert into pg_temp.import_lines (line_number, line_hash, is_number)
    select line_number, line_hash, is_number from hashed
),

unknown as materialized (
    select *
    from hashed
    where not exists (
        select 1
        from raw_training.imported_pairs as known
        where known.file_name = %(file_name)s
            and known.line_number = hashed.line_number
            and known.line_hash = hashed.line_hash
    )
),

-- tokens cost time: they are read once a statement, however many questions it has
bodies as materialized (
    select
        statement,
        staging.statement_body(statement) as body
    from (select distinct statement from unknown where statement is not null) as statements
),

pseudonymized as materialized (
    select
        statement,
        privacy.pseudonymize_sql(body) as sql,
        privacy.keyed_hash(body) as statement_hash
    from bodies
)

insert into raw_training.imported_pairs
    (file_name, line_number, line_hash, pair_name, question, sql, statement_hash, rejection)
select
    %(file_name)s,
    unknown.line_number,
    unknown.line_hash,
    privacy.pseudonymize_text(unknown.pair_name),
    privacy.days_as_in(privacy.pseudonymize_text(unknown.question), pseudonymized.sql),
    pseudonymized.sql,
    pseudonymized.statement_hash,
    unknown.rejection
from unknown
left join pseudonymized on unknown.statement = pseudonymized.statement
on conflict do nothing
