{{ config(alias='refunds') }}

{{ sandbox_table('shop', 'refunds') }}
