{{ config(alias='subscriptions') }}

{{ sandbox_table('shop', 'subscriptions') }}
