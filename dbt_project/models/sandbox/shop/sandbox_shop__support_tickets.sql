{{ sandbox_table('shop', 'support_tickets') }}
