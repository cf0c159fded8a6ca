{#- privacy.see_latest(): what the functions that take texts begin with. dbt replaces the tables that they read (a seed is
    emptied and filled, a full refresh makes a new table and renames it), and to a query that began before, the new rows
    are not there: it would find no tagged column and no value, and give personal values back as they are. So this waits
    until a replacement is done, and keeps others out until the transaction ends: the tables are locked as any reader locks
    them. The caller must be VOLATILE, for then each statement behind this one sees what is there by now. A transaction
    that sees less (REPEATABLE READ) fails; so does nothing else, for a table that is empty has no size. -#}
{% macro function_see_latest() %}
create or replace function privacy.see_latest()
returns void
language plpgsql volatile
as $function$
begin
    if not exists (select 1 from privacy.tagged_columns) and pg_relation_size(to_regclass('privacy.tagged_columns')) > 0
        or not exists (select 1 from privacy.surrogate_index) and pg_relation_size(to_regclass('privacy.surrogate_index')) > 0
        or not exists (select 1 from privacy.patterns) and pg_relation_size(to_regclass('privacy.patterns')) > 0 then
        raise exception 'What is known to be personal was replaced after this transaction began: run it again.'
            using errcode = 'serialization_failure';
    end if;
end
$function$;
{% endmacro %}
