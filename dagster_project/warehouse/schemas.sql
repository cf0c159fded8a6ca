-- The schemas that dbt and the API write, beside those of raw_tables.sql. Idempotent; run by setup.py as auditune_owner.
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists corpus;
create schema if not exists monitoring;

-- A new function would otherwise be everyone's.
alter default privileges revoke execute on functions from public;
