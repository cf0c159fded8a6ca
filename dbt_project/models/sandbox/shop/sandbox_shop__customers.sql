{{ sandbox_table('shop', 'customers') }}
