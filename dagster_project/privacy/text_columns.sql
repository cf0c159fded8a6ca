-- Every column of a table of ours that can hold a text: all that dbt and Python write, but for the sandbox, whose tables
-- are pseudonymized column by column, and the privacy schema, whose tables are the owner's alone.
select
    columns.table_schema,
    columns.table_name,
    columns.column_name
from information_schema.columns as columns
inner join information_schema.tables as tables
    on columns.table_schema = tables.table_schema
    and columns.table_name = tables.table_name
where tables.table_type = 'BASE TABLE'
    and columns.table_schema in ('staging', 'intermediate', 'corpus', 'monitoring', 'raw_serving', 'raw_training')
    and columns.data_type in ('text', 'character varying', 'jsonb', 'json', 'ARRAY')
    -- accounts of the house that decided, promoted or may ask: kept by design, no data of the business
    and columns.column_name not in ('reviewer', 'set_by', 'used_by', 'key_name', 'database_role')
    and columns.column_name !~ '(_id|_hash|^fingerprint)$'
    -- what an untrained model writes is nobody's data; `outputs_are_security_clean` judges it
    and columns.column_name <> 'predicted_sql'
order by 1, 2, 3
