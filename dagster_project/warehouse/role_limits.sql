-- What our roles may take, whatever asks through them. Run by setup.py as the administrator, each time.

-- The two roles that run SQL which a model or a log wrote: they read, briefly, and give up early.
alter role auditune_sandbox set default_transaction_read_only = on;
alter role auditune_sandbox set statement_timeout = '10s';
alter role auditune_sandbox set lock_timeout = '1s';
alter role auditune_sandbox set idle_in_transaction_session_timeout = '60s';
-- What one step of a plan may hold in memory; the rest goes to files, which role_audit.sql limits.
alter role auditune_sandbox set work_mem = '16MB';
alter role auditune_reader set work_mem = '16MB';
alter role auditune_reader set default_transaction_read_only = on;
alter role auditune_reader set statement_timeout = '10s';
alter role auditune_reader set lock_timeout = '1s';
alter role auditune_reader set idle_in_transaction_session_timeout = '60s';

-- People's dashboards and the API's own rows: generous, but never without an end.
alter role auditune_monitor set default_transaction_read_only = on;
alter role auditune_monitor set statement_timeout = '60s';
alter role auditune_api set statement_timeout = '60s';
alter role auditune_api set lock_timeout = '10s';

-- Days that become texts in dbt's models are in ISO's form, whatever the server's own is.
alter role auditune_owner set datestyle = 'ISO, MDY';
