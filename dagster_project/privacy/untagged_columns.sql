-- The columns without a tag that hold texts, of the business schemas that have a tagged column.
select columns.table_schema, columns.table_name, columns.column_name
from information_schema.columns as columns
where columns.table_schema in (select table_schema from privacy.tagged_columns)
    and columns.data_type in ('text', 'character varying', 'character', 'USER-DEFINED')
    and not exists (
        select 1
        from privacy.tagged_columns as tagged
        where tagged.table_schema = columns.table_schema
            and tagged.table_name = columns.table_name
            and tagged.column_name = columns.column_name
    )
order by 1, 2, 3
