{#- Run at the start of every dbt command: stops a full refresh of what cannot be made again, because the raw lines that
    it was made from have been purged (AUDITUNE_RAW_DAYS). `--vars '{forget_purged: true}'` lets it pass. -#}
{% macro refuse_to_forget() %}
    {%- set kept = ['int_statement_executions', 'int_statements_anonymized', 'int_statement_questions', 'int_statement_tools'] -%}
    {%- if execute and flags.FULL_REFRESH and not var('forget_purged', false) -%}
        {%- set chosen = [] -%}
        {%- for name in kept if 'model.auditune.' ~ name in selected_resources -%}
            {%- do chosen.append(name) -%}
        {%- endfor -%}
        {%- if chosen -%}
            {%- set purged = run_query('select coalesce(sum(purged_lines), 0) from raw_audit.log_files').rows[0][0] -%}
            {%- if purged > 0 -%}
                {{ exceptions.raise_compiler_error(
                    purged ~ ' lines of the raw log have been purged, and a full refresh of ' ~ chosen | join(', ')
                    ~ ' would lose what was made of them. To anonymize again what is there, run `dbt run-operation '
                    ~ "anonymize_again`; to lose it, add `--vars '{forget_purged: true}'`."
                ) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
