{{ sandbox_table('shop', 'employees') }}
