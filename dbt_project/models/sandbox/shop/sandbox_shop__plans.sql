{{ sandbox_table('shop', 'plans') }}
