-- A business that keeps its staff apart, and in each schema a table of orders. Its persons are invented. Read by test_two_schemas.py.
create schema hr;
create table hr.employees (employee_id integer primary key, full_name text not null, office text not null);
create table hr.orders (order_id integer primary key, note text not null);
insert into hr.employees
select n, (array['Zora', 'Odhran', 'Ines', 'Tomas', 'Greta'])[1 + n % 5] || ' ' || (array['Quillfeather', 'Larkspur', 'Hollow', 'Brightwater', 'Ashdown', 'Fennimore', 'Tolliver', 'Wrenfield'])[1 + n % 8],
    (array['Oslo', 'Turku'])[1 + n % 2]
from generate_series(1, 40) as n;
insert into hr.orders select n, (array['urgent', 'late', 'done'])[1 + n % 3] from generate_series(1, 30) as n;

create schema sales;
create table sales.orders (
    order_id    integer primary key,
    employee_id integer not null references hr.employees,
    total       numeric(8, 2) not null
);
insert into sales.orders select n, 1 + n % 40, n from generate_series(1, 60) as n;
