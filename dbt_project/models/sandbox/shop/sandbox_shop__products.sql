{{ sandbox_table('shop', 'products') }}
