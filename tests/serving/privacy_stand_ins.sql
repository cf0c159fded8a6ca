-- Stand-ins with the names and types of the functions that dbt makes: each replaces the planted person, and fails on a
-- marker, as a function that meets a value it cannot treat would, quoting it.
create or replace function privacy.keyed_hash(value text) returns text
language sql immutable security definer as $$ select md5('key' || value) $$;

create or replace function privacy.pseudonymize_text(value text) returns text
language plpgsql stable security definer as $$
begin
    if value like '%unpseudonymizable%' then
        raise exception 'cannot treat %', value;
    end if;
    return replace(value, 'Ada Lovelace', '<person>');
end $$;

create or replace function privacy.pseudonymize_sql(value text) returns text
language sql stable security definer as $$ select replace(value, 'Ada Lovelace', '<person>') $$;

create or replace function privacy.days_as_in(question text, statement text) returns text
language sql stable security definer as $$ select question $$;
