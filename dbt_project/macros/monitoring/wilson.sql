{#- The ends of Wilson's 95 % interval of a share (Wilson 1927), as training/evaluate/statistics.py computes them; null
    where nothing was counted. `successes` and `n` are columns of counts. -#}
{% macro wilson_low(successes, n) %}
    case
        when {{ n }} = 0 then null
        when {{ successes }} = 0 then 0  -- the formula gives it only up to rounding
        else greatest(0, {{ wilson_end(successes, n, '-') }})
    end
{%- endmacro %}

{% macro wilson_high(successes, n) %}
    case
        when {{ n }} = 0 then null
        when {{ successes }} = {{ n }} then 1
        else least(1, {{ wilson_end(successes, n, '+') }})
    end
{%- endmacro %}

{% macro wilson_end(successes, n, sign) %}
    {%- set z = '1.959963984540054::double precision' -%}
    {%- set share = '(' ~ successes ~ '::double precision / nullif(' ~ n ~ ', 0))' -%}
    (
        {{ share }} + {{ z }} ^ 2 / (2 * nullif({{ n }}, 0))
        {{ sign }} {{ z }} * sqrt(
            {{ share }} * (1 - {{ share }}) / nullif({{ n }}, 0) + {{ z }} ^ 2 / (4 * nullif({{ n }}, 0)::double precision ^ 2)
        )
    ) / (1 + {{ z }} ^ 2 / nullif({{ n }}, 0))
{%- endmacro %}
