-- A small business with every rule that a table can have, and a sandbox of it with rows on which much agrees by chance:
-- each customer has an order, no total is 50, all orders are paid, those of Bergen are those without an address.
create schema bakery;
set search_path = bakery;
create table customers (
    customer_id integer primary key,
    name        text    not null unique,
    city        text    not null,
    email       text
);
create table products (
    product_id smallint      primary key,
    title      text          not null unique,
    price      numeric(6, 2) not null check (price > 0),
    cost       numeric(6, 2) not null,
    labels     text[],
    check (cost <= price)
);
create table employees (
    employee_id integer primary key,
    manager_id  integer references employees,
    hired_at    timestamp not null unique
);
create table orders (
    order_id    integer primary key,
    customer_id integer not null references customers,
    employee_id integer references employees,
    status      text    not null,
    ordered_on  date    not null,
    total       numeric(8, 2) not null
);
create table order_lines (
    order_id    integer  references orders,
    line_number integer,
    product_id  smallint not null references products,
    quantity    integer  not null check (quantity between 1 and 9),
    primary key (order_id, line_number)
);
create table returns (
    return_id   bigint  primary key,
    order_id    integer not null,
    line_number integer not null,
    reason      text,
    foreign key (order_id, line_number) references order_lines
);
create table ovens (
    oven_id integer   primary key,
    heated  int4range not null,
    exclude using gist (heated with &&)
);
insert into customers select n, 'Customer ' || n, case when n > 6 then 'Bergen' when n = 1 then 'Oslo' else 'Turku' end,
    case when n <= 6 then 'c' || n || '@example.com' end from generate_series(1, 12) as n;
insert into products select n, 'Loaf ' || n, n, case when n = 3 then 3 else n * 0.4 end, array['fresh']
    from generate_series(1, 8) as n;
insert into employees select n, nullif(n / 2, 0), timestamp '2020-01-01 08:00' + n * interval '1 month'
    from generate_series(1, 9) as n;
insert into orders select n, 1 + n % 12, 1 + n % 9, 'paid', date '2024-01-01' + n * 5, n * 3 + 0.5
    from generate_series(1, 40) as n;
insert into order_lines select o, l, 1 + (o + l) % 8, 1 + (o * l) % 3 from generate_series(1, 40) as o,
    generate_series(1, 2) as l;
insert into returns select n, n * 3, 1, 'stale' from generate_series(1, 10) as n;
insert into ovens select n, int4range(n * 10, n * 10 + 5) from generate_series(1, 20) as n;

create schema sandbox_bakery;
create table sandbox_bakery.customers as table customers;
create table sandbox_bakery.products as table products;
create table sandbox_bakery.employees as table employees;
create table sandbox_bakery.orders as table orders;
create table sandbox_bakery.order_lines as table order_lines;
create table sandbox_bakery.returns as table returns;
create table sandbox_bakery.ovens as table ovens;
grant usage on schema sandbox_bakery to auditune_sandbox, auditune_owner;
grant select on all tables in schema sandbox_bakery to auditune_sandbox, auditune_owner;
