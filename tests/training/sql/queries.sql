SELECT * FROM Orders o WHERE o.Status = 'Shipped' AND o.Total > 100
select c.name, sum(o.total) as revenue from orders o inner join customers c on c.customer_id = o.customer_id where o.ordered_at >= '2024-01-01'::date and o.ordered_at < date '2024-01-01' + interval '3 MONTHS' group by c.name order by revenue desc limit 5
select name from employees e where salary > (select avg(salary) from employees where department = e.department)
with monthly as (select date_trunc('month', ordered_at) as m, sum(total) as rev from orders group by 1) select m, rev, rev - lag(rev) over (order by m) as delta from monthly order by m
select count(1) from customers c where not exists (select * from orders o where o.customer_id = c.customer_id)
select avg(n) from (select count(*) as n from orders group by customer_id) x
select a.name, b.name from employees a join employees b on b.employee_id = a.manager_id
select distinct "Weight KG", p."order" from products as p order by "Weight KG"
select status, count(*) filter (where total is not null) as n, round(sum(total)::numeric / nullif(count(*), 0), 2) from orders group by status having count(*) > 3 order by 2 desc, status asc
select customer_id from orders union select customer_id from customers where country not in ('DE', 'FR') order by customer_id
select * from orders join customers using (customer_id)
select o.*, c.country from orders o left outer join customers c using (customer_id) where c.country is null
select case when total > 10 then 'big' else 'small' end as size, count(*) from orders group by size order by size
select extract(year from ordered_at) y, count(*) from orders group by y
with recursive chain(id, boss) as (select employee_id, manager_id from employees where manager_id is null union all select e.employee_id, e.manager_id from employees e join chain c on e.manager_id = c.id) select count(*) from chain
select d, count(o.order_id) from generate_series(date '2024-01-01', date '2024-01-31', interval '1 day') as d left join orders o on o.ordered_at::date = d group by d
select rank() over w, sum(total) over w from orders window w as (partition by customer_id order by total desc)
select name from products where name not like 'A%' and not (category = 'x' or category = 'y') and (product_id > 3)
select (total + 1) * 2, total + (1 * 2), total - (1 - 2), (total)::int, (total+1)::text, -total::int from orders
select count(*) from (values (1,'a'),(2,'b')) as v(x,y) where v.x > 1
select c.name, x.total from customers c cross join lateral (select total from orders o where o.customer_id = c.customer_id order by total desc limit 1) x
select string_agg(name, ', ' order by name) from customers where email ilike '%@example.com' and created_at > now() - interval '1 year'
select count(c) from customers c
select percentile_cont(0.5) within group (order by total) from orders where (status, customer_id) in (select status, customer_id from orders)
select to_char(ordered_at, 'YYYY-"Q"Q') as q, sum(total) from orders group by to_char(ordered_at, 'YYYY-"Q"Q') order by q
select order_id from orders where status = any(array['a','b']) and not status is null and (total is null) = false
select name n from customers order by length(name), n fetch first 3 rows only
select quantity * unit_price as line from order_items, products p where p.product_id = order_items.product_id and 3 < quantity
select row_number() over (order by total desc nulls last, x), x::text[] from (select array_agg(order_id order by order_id) as x, total from orders group by total) s
select status from orders except select status from orders where total > 50
select country, count(*) * 100.0 / (select count(*) from customers) as share from customers group by country order by share desc, country
select p.category, extract(quarter from o.ordered_at) as quarter, sum(i.quantity * i.unit_price) as revenue from order_items i join orders o using (order_id) join products p using (product_id) group by p.category, quarter order by p.category, quarter
select name from customers where customer_id not in (select customer_id from orders where customer_id is not null)
with spend as (select customer_id, sum(total) as s from orders group by customer_id), ranked as (select customer_id, s, rank() over (order by s desc) as r from spend) select c.name, ranked.s from ranked join customers c on c.customer_id = ranked.customer_id where ranked.r <= 3
select date_part('month', ordered_at) as m, avg(total) from orders where extract(year from ordered_at) = 2024 group by m having avg(total) > 40 order by m
select coalesce(status, 'none'), count(*) from orders group by status order by count(*) desc, 1
select employee_id from employees e where exists (select 1 from employees m where m.manager_id = e.employee_id and m.salary > e.salary)
select upper(substring(name from 1 for 3)), length(name) from products where name like 'A%' or name ilike 'b%'
select (ordered_at at time zone 'UTC')::date as day, count(distinct customer_id) from orders group by day order by day limit 10 offset 2
select distinct on (customer_id) customer_id, order_id from orders order by customer_id, ordered_at desc
select status, total, sum(total) over (partition by status order by ordered_at rows between 2 preceding and current row) from orders where status <> 'open'
select a.country, a.n, b.n from (select country, count(*) n from customers group by country) a join (select country, count(*) n from customers where created_at < '2023-06-01' group by country) b on a.country = b.country
select min(ordered_at)::date, max(ordered_at) - min(ordered_at) from orders where not (status = 'open' and total < 5)
select count(*) from orders o right join customers c using (customer_id) where o.order_id is null
select to_char(ordered_at, 'YYYY-MM') as month, round(avg(total), 1) from orders where total between 10 and 90 group by 1 order by 1
select name, salary from employees where salary = (select max(salary) from employees) and department in ('sales')
select customer_id from orders group by customer_id having count(*) >= all (select count(*) from orders group by customer_id)
