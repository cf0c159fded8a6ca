{{ config(alias='plans') }}

{{ sandbox_table('shop', 'plans') }}
