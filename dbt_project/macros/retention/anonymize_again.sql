{#- `dbt run-operation anonymize_again`: anonymizes the statements and questions that are there once more, by the present
    tags, patterns and values. For what was anonymized before a tag or a person was known, and whose raw line is gone.
    A surrogate stands for itself, so what was found before stays as it is. -#}
{% macro anonymize_again() %}
    {%- set texts = [
        ('int_statements_anonymized', 'statement', 'privacy.pseudonymize_sql'),
        ('int_statement_questions', 'question', 'privacy.pseudonymize_text'),
    ] -%}
    {%- if execute -%}
        {%- for table, column, function in texts -%}
            {%- call statement('again', fetch_result=false, auto_begin=false) -%}
                update intermediate.{{ table }} as texts
                set {{ column }} = again.{{ column }}
                from (
                    select ctid as place, {{ function }}({{ column }}) as {{ column }}
                    from intermediate.{{ table }}
                ) as again
                where texts.ctid = again.place
                    and texts.{{ column }} <> again.{{ column }}
            {%- endcall -%}
            {%- do log(load_result('again').response ~ ' of ' ~ table, info=true) -%}
        {%- endfor -%}
        {%- do run_query(note_rules()) -%}
        {%- do run_query('commit') -%}    {#- an operation has no transaction of its own -#}
    {%- endif -%}
{% endmacro %}
