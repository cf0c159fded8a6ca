{{ sandbox_table('shop', 'calendar') }}
