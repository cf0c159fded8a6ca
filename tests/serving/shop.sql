-- The business that the API's tests ask about: 2 customers, 2000 orders.
create schema shop;

create table shop.customers (
    customer_id integer primary key,
    full_name   text not null
);
insert into shop.customers values (1, 'Ada Lovelace'), (2, 'Grace Hopper');

create table shop.orders (
    order_id    integer primary key,
    customer_id integer not null references shop.customers,
    ordered_at  timestamptz not null,
    total       numeric(10, 2) not null,
    status      text not null
);
insert into shop.orders
select n, 1 + n % 2, timestamptz '2026-01-01 00:00:00+00' + n * interval '1 hour', n + 0.5, 'paid'
from generate_series(1, 2000) as n;

analyze shop.customers, shop.orders;
