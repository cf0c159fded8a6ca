{#- The key and the functions of schema `privacy`, made at the start of every dbt command.

    privacy.pseudonymize_text(text) and privacy.pseudonymize_sql(text) are what models and the API call, and
    privacy.days_as_in(question, statement) where they have both. They are
    SECURITY DEFINER: a caller needs no right on the key, the index or the business tables. Days are read and written as ISO
    has them, whatever the caller's DateStyle.
    They read the models int_pii_columns, int_pii_surrogates and the seed pii_patterns (schema `privacy`).
    The key is made inside the server and stays there: it is in no file, no compiled model and no log. -#}
{% macro create_privacy_functions() %}
create schema if not exists privacy;

-- One row per key; the HMAC's two padded forms are kept, so that no query has to pad (RFC 2104).
create table if not exists privacy.keys (
    key_id     integer     generated always as identity primary key,
    inner_pad  bytea       not null,
    outer_pad  bytea       not null,
    is_active  boolean     not null,
    created_at timestamptz not null default now()
);
create unique index if not exists one_active_key on privacy.keys (is_active) where is_active;

-- One row: the tags and patterns by which the statements of the log were anonymized (macro rules_in_force).
create table if not exists privacy.anonymized_by (
    only_row   boolean primary key default true check (only_row),
    rules_hash text    not null
);

{{ function_ensure_key() }}
{{ function_keyed_hash() }}
{{ function_see_latest() }}
{{ function_checksums() }}
{{ function_shapes() }}
{{ function_moved_date() }}
{{ function_move_birth_dates() }}
{{ function_is_surrogate() }}
{{ function_surrogate() }}
{{ function_pseudonym() }}
{{ function_surrogate_index() }}
{{ function_pseudonymize_text() }}
{{ function_literal_value() }}
{{ function_pseudonymize_literal() }}
{{ function_row_classes() }}
{{ function_compared_classes() }}
{{ function_pseudonymize_sql() }}
{{ function_holds_personal_value() }}
{{ function_rotate_key() }}
{% endmacro %}
