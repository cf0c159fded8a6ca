-- The business that the recorded statements ask about. All of it is invented; the names of tables and columns that sound
-- like the server's own (versions, pg_rating, schema information) are there so that nobody mistakes them for it.
create schema market;
create schema information;

create table market.customers (
    customer_id integer primary key,
    full_name text not null,
    email text not null,
    city text not null,
    zip text not null,
    joined_on date not null
);

create table market.orders (
    order_id integer primary key,
    customer_id integer not null references market.customers,
    ordered_at timestamptz not null,
    ordered_on date not null,
    status text not null,
    total numeric(10, 2) not null,
    weight double precision not null,
    is_paid boolean not null,
    tags text[] not null,
    details jsonb not null,
    note text
);

create table market.versions (version_id integer primary key, label text not null, deleted boolean not null);
create table market.films (film_id integer primary key, title text not null, pg_rating text not null);
create table market.pg_scores (film_id integer primary key, score integer not null);
-- what the marks of the recording select from, so that pgaudit sees them
create table market.marks ();

create table information.leaflets (leaflet_id integer primary key, title text not null);

create function market.total_of(asked integer) returns numeric
language sql stable
as 'select sum(total) from market.orders where customer_id = asked';

insert into market.customers values
    (1, 'Orla O''Quint', 'orla@oquint.test', 'Oslo', '10115', '2023-01-05'),
    (2, 'Zoë Łukasiewicz', 'zoe@lukas.test', 'Kraków', '00950', '2023-02-11'),
    (3, 'Bram "Bo" Vandersloot', 'bram@sloot.test', '東京', '10117', '2023-03-19'),
    (4, 'wait...', 'wait@dots.test', 'Oslo', '500', '2023-04-23');

insert into market.orders
select
    n,
    1 + n % 4,
    timestamptz '2024-01-01 08:00:00+00' + n * interval '1 day',
    date '2024-01-01' + n,
    (array['open', 'paid', 'it''s "odd", {really}'])[1 + n % 3],
    n * 10.5,
    n / 8.0,
    n % 2 = 0,
    array['tag' || n % 3, 'gift'],
    jsonb_build_object('gift', n % 5 = 0, 'n', n),
    (array[null, 'C:\temp\new', 'wait...', E'two\nlines\tand a tab', '$1 = ''x'', $2 = NULL', '5',
        'a note that is longer than the limit of twenty bytes', 'twenty bytes long...'])[1 + n % 8]
from generate_series(1, 40) as numbers (n);

insert into market.versions values (1, 'first', false), (2, 'second', true);
insert into market.films values (1, 'The Larkspur', 'PG'), (2, 'Delete From Memory', 'PG-13');
insert into market.pg_scores values (1, 7), (2, 9);
insert into information.leaflets values (1, 'How to insert into a slot'), (2, 'pg_class of 1999');
