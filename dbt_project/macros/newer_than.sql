{#- What an incremental model reads: the lines of the log that were ingested after those that it has read.

    newer_than(this) is the condition. The moment is asked for before the model runs and stands in it as a literal: from a
    subquery, PostgreSQL cannot tell that a few new rows are wanted, and reads the whole history. (Whole batches are
    ingested in one transaction, so a later batch has a later time.)
    note_read(this, from) is a hook that keeps the moment, in staging.read_up_to, in the transaction of the run. The model's
    own newest row would not do: a model that has rows for few lines would read all the others again in each run. -#}
{% macro newer_than(relation, column='ingested_at') %}
    {{- column }} > '{{ read_up_to(relation) }}'::timestamptz
{%- endmacro %}

{% macro read_up_to(relation) %}
    {%- set kept = "select ingested_at from staging.read_up_to where model = '" ~ relation.schema ~ "." ~ relation.identifier ~ "'" -%}
    {%- set found = run_query("select coalesce((" ~ kept ~ "), (select max(ingested_at) from " ~ relation ~ "))") -%}
    {%- set moment = found.columns[0].values()[0] if found else none -%}
    {{- moment.isoformat() if moment else '-infinity' -}}
{% endmacro %}

{#- `from` is what the model reads: a relation with a column ingested_at, or another incremental model, by its name in
    staging.read_up_to. A pre-hook: what is committed while the model runs is not taken for read. -#}
{% macro note_read(relation, from) %}
    insert into staging.read_up_to (model, ingested_at)
    select
        '{{ relation.schema }}.{{ relation.identifier }}',
        max(ingested_at)
    from {{ from }}
    having max(ingested_at) is not null
    on conflict (model) do update
    set ingested_at = greatest(read_up_to.ingested_at, excluded.ingested_at)
{% endmacro %}

{% macro note_read_like(relation, model) %}
    {{ note_read(relation, "staging.read_up_to where model = '" ~ model.schema ~ "." ~ model.identifier ~ "'") }}
{% endmacro %}
