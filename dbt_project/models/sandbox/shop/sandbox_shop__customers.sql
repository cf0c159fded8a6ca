{{ config(alias='customers') }}

{{ sandbox_table('shop', 'customers') }}
