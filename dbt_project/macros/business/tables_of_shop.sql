{#- The tables of the business schema `shop` that questions are about, as its sources YAML names them: dbt has to know
    before it runs what is built after all of them. -#}
{% macro tables_of_shop() %}
    {{ return([
        'calendar',
        'categories',
        'products',
        'customers',
        'orders',
        'order_items',
        'payments',
        'refunds',
        'shipments',
        'plans',
        'subscriptions',
        'employees',
        'support_tickets',
    ]) }}
{% endmacro %}
