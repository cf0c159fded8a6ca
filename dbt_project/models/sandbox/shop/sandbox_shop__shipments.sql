{{ sandbox_table('shop', 'shipments') }}
