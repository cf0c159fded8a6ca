{#- staging.corpus_settings(): what dbt's vars and macros say about the corpus, for the Great Expectations rules, which
    run outside dbt: so a limit is set in one place. -#}
{% macro function_corpus_settings() %}
drop function if exists staging.corpus_settings();
create function staging.corpus_settings()
returns table (
    origins text[],
    min_question_characters integer,
    max_question_characters integer,
    max_sql_characters integer,
    max_drafted_percent numeric
)
language sql immutable parallel safe
as $function$
    select
        {{ pair_origins() }},
        {{ var('min_question_characters') }},
        {{ var('max_question_characters') }},
        {{ var('max_sql_characters') }},
        {{ var('max_drafted_percent') }}
$function$;
{% endmacro %}
