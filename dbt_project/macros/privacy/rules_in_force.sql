{#- By which tags and patterns the statements that are there were anonymized. They are not read again by themselves, so under
    other tags or patterns dbt stops at int_statements_anonymized and says what to run, instead of keeping what is new in clear. -#}

{#- A hash of every tag and of the seed pii_patterns. -#}
{% macro rules_in_force() %}
    {{- local_md5(tojson(pii_tags()) ~ graph.nodes['seed.auditune.pii_patterns'].checksum.checksum) -}}
{% endmacro %}

{#- A pre-hook of int_statements_anonymized. -#}
{% macro refuse_other_rules(relation) %}
    {%- if execute and is_incremental() -%}
        {%- set kept = run_query(
            "select exists (select 1 from " ~ relation ~ ") and not exists"
            ~ " (select 1 from privacy.anonymized_by where rules_hash = '" ~ rules_in_force() ~ "')"
        ).rows[0][0] -%}
        {%- if kept -%}
            {{ exceptions.raise_compiler_error(
                "Tags or patterns have changed since the statements of the log were anonymized: run `dbt build --full-refresh"
                ~ " --select int_pii_columns+ pii_patterns+`, or once raw lines have been purged `dbt run-operation"
                ~ " anonymize_again` (What is personal, in dbt_project/README.md)."
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{#- A post-hook of int_statements_anonymized, and the end of anonymize_again. -#}
{% macro note_rules() %}
    {%- if execute %}
    insert into privacy.anonymized_by (rules_hash)
    values ('{{ rules_in_force() }}')
    on conflict (only_row) do update
    set rules_hash = excluded.rules_hash
    {%- endif %}
{% endmacro %}
