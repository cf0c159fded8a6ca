{{ config(alias='support_tickets') }}

{{ sandbox_table('shop', 'support_tickets') }}
