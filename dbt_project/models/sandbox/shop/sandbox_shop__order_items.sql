{{ sandbox_table('shop', 'order_items') }}
