{{ sandbox_table('shop', 'refunds') }}
