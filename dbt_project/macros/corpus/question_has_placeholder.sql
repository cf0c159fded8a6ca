{#- Whether a question is a template that nobody filled in: `{{ city }}`, `{city}`, `${city}`, `%s`, `%(city)s`,
    `:city`, `<city>`, `customers of ? in May`. `$1` may be money: it is a placeholder where the SQL does not say 1. -#}
{% macro question_has_placeholder(question, statement) -%}
(
    {{ question }} ~ '[{][%{].*[}%][}]|[{][[:alpha:]_][[:alnum:]_. ]*[}]|[$][{]|%[(][[:alnum:]_]+[)]s|(^|[\s(''"])%s\M'
    or {{ question }} ~ '(^|[\s(''"]):[[:alpha:]_][[:alnum:]_]*|<[[:alpha:]_][[:alnum:]_ -]*>|\m(of|in|for|from|by|with|than|before|after|since|is)\s+\?\s+[[:alnum:]]'
    or exists (
        select 1
        from regexp_matches({{ question }}, '[$]([0-9]+)(?![0-9.,])', 'g') as found (parts)
        where {{ statement }} !~ ('\m' || found.parts[1] || '\M')
    )
)
{%- endmacro %}
