-- One row per line of the file just imported, in its order: the line, its id, and why it is kept out of the corpus.
with lines as (
    select
        imported.line_number,
        imported.pair_name,
        noted.is_number,
        imported.rejection,
        imported.candidate_id,
        row_number() over (partition by imported.candidate_id order by imported.line_number) as copy_number
    from pg_temp.import_lines as noted
    inner join staging.stg_training__imported_pairs as imported
        on noted.line_number = imported.line_number
        and noted.line_hash = imported.line_hash
    where imported.file_name = %(file_name)s
)

select
    lines.line_number,
    lines.pair_name,
    lines.is_number,
    case
        when lines.rejection is not null then lines.rejection
        -- its pair is there no longer under this question and SQL: a reviewer has edited it
        when judged.candidate_id is null then 'rejected_by_reviewer'
        when judged.reason is not null then judged.reason
        when lines.copy_number > 1 then 'duplicate'
    end as reason
from lines
left join intermediate.int_pairs_judged as judged on lines.candidate_id = judged.candidate_id
order by lines.line_number
