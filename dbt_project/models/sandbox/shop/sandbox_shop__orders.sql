{{ config(alias='orders') }}

{{ sandbox_table('shop', 'orders') }}
