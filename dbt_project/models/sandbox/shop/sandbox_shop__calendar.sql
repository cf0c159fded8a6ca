{{ config(alias='calendar') }}

{{ sandbox_table('shop', 'calendar') }}
