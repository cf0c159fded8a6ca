-- A business of somebody else's, with all that PostgreSQL allows. Its persons are invented. Read by test_scaffold.py.
create schema "Sales Dept";
set search_path = "Sales Dept";

create type mood as enum ('glad', 'sad');
create domain mailbox as text check (value like '%@%');

create table "Order" (
    "ID"    integer generated always as identity primary key,
    "select" text,
    contact mailbox,
    copies  text[],
    form    jsonb,
    mood    mood,
    net     numeric(8, 2),
    gross   numeric generated always as (net * 1.2) stored,
    zip     character varying(5),
    mobile  bigint
);
comment on table "Order" is 'What was {{ ordered }}: "all" of it # really';
comment on column "Order"."select" is 'Yes';
insert into "Order" ("select", contact, copies, form, mood, net, zip, mobile)
select
    'plain ' || n,
    'zora' || n || '@quillmail.test',
    array['ada' || n || '@quillmail.test', 'bob' || n || '@quillmail.test'],
    jsonb_build_object('mail', 'cy' || n || '@quillmail.test'),
    'glad',
    n,
    '1000' || n % 10,
    447700900000 + n
from generate_series(1, 40) as n;

create table parts (order_id integer references "Order", day date, note text, primary key (order_id, day)) partition by range (day);
create table parts_2024 partition of parts for values from ('2024-01-01') to ('2025-01-01');
insert into parts select n, '2024-02-01', 'fine' from generate_series(1, 10) as n;

create view "order lines" as select "ID" as id, contact from "Order";
create materialized view totals as select count(*) as n from "Order";
create table "order-lines" (x integer);
create table people (email text, birth_date date, product_name text);
create table nothing ();
