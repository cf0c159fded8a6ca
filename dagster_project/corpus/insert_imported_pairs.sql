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
)

insert into raw_training.imported_pairs
    (file_name, line_number, line_hash, pair_name, question, sql, statement_hash, rejection)
select
    %(file_name)s,
    hashed.line_number,
    hashed.line_hash,
    privacy.pseudonymize_text(hashed.pair_name),
    privacy.pseudonymize_text(hashed.question),
    privacy.pseudonymize_sql(staging.statement_body(hashed.statement)),
    privacy.keyed_hash(staging.statement_body(hashed.statement)),
    hashed.rejection
from hashed
where not exists (
    select 1
    from raw_training.imported_pairs as known
    where known.file_name = %(file_name)s
        and known.line_number = hashed.line_number
        and known.line_hash = hashed.line_hash
)
on conflict do nothing
