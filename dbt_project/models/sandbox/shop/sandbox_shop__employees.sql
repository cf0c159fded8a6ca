{{ config(alias='employees') }}

{{ sandbox_table('shop', 'employees') }}
