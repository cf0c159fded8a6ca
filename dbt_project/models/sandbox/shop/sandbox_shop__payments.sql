{{ config(alias='payments') }}

{{ sandbox_table('shop', 'payments') }}
