{{ sandbox_table('shop', 'subscriptions') }}
