{#- The ends of Wilson's 95 % interval of a share (Wilson 1927), as training/evaluate/statistics.py computes them; null
    where nothing was counted. `successes` and `n` are columns of counts. -#}
{% macro wilson_low(successes, n) %}{{ wilson_end(successes, n, '-') }}{% endmacro %}

{% macro wilson_high(successes, n) %}{{ wilson_end(successes, n, '+') }}{% endmacro %}

{% macro wilson_end(successes, n, sign) %}
    {%- set z = '1.959963984540054::double precision' -%}
    {%- set share = '((' ~ successes ~ ')::double precision / ' ~ n ~ ')' -%}
    case when {{ n }} > 0 then greatest(0, least(1,
        (
            {{ share }} + {{ z }} ^ 2 / (2 * {{ n }})
            {{ sign }} {{ z }} * sqrt(
                {{ share }} * (1 - {{ share }}) / {{ n }} + {{ z }} ^ 2 / (4 * ({{ n }})::double precision ^ 2)
            )
        ) / (1 + {{ z }} ^ 2 / {{ n }})
    )) end
{%- endmacro %}
