{{ config(alias='categories') }}

{{ sandbox_table('shop', 'categories') }}
