{{ config(alias='order_items') }}

{{ sandbox_table('shop', 'order_items') }}
