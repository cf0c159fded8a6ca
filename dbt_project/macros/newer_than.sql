{#- The condition of an incremental model on what was ingested after its own newest row. The moment is asked for before the
    model runs and stands in it as a literal: from a subquery, PostgreSQL cannot tell that a few new rows are wanted, and
    reads the whole history. (Whole batches are ingested in one transaction, so a later batch has a later time.) -#}
{% macro newer_than(relation, column='ingested_at') %}
    {%- set found = run_query("select max(" ~ column ~ ") from " ~ relation) -%}
    {%- set watermark = found.columns[0].values()[0] if found else none -%}
    {{- column }} > '{{ watermark.isoformat() if watermark else '-infinity' }}'::timestamptz
{%- endmacro %}
