{{ config(alias='shipments') }}

{{ sandbox_table('shop', 'shipments') }}
