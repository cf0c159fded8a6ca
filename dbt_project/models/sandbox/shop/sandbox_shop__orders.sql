{{ sandbox_table('shop', 'orders') }}
