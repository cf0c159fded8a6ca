{{ sandbox_table('shop', 'categories') }}
