{{ config(alias='products') }}

{{ sandbox_table('shop', 'products') }}
