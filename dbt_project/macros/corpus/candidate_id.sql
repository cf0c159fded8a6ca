{#- The identity of a pair: its question, superfluous blanks and case apart, and its statement. Without the statement's
    hash, because an approved answer, an imported file and the log may hold the same pair. -#}
{% macro candidate_id(question, statement) -%}
left(encode(sha256(convert_to(lower(regexp_replace(btrim({{ question }}), ' +', ' ', 'g')) || E'\n' || {{ statement }}, 'UTF8')), 'hex'), 16)
{%- endmacro %}

{#- The origins of a pair, the one that a person stands for first: a pair that has several is of the first. -#}
{% macro pair_origins() -%}
array['correction', 'approval', 'import', 'comment', 'sqlcommenter', 'bi_title', 'annotation', 'drafted']
{%- endmacro %}
