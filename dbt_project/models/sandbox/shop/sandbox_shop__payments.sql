{{ sandbox_table('shop', 'payments') }}
