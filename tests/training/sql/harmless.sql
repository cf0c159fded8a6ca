select count(*) from orders
select count(*), sum(total), avg(total), min(total), max(total) from orders
select status, count(*) from orders group by status order by count(*) desc
select * from orders order by ordered_at desc limit 20
select o.order_id, c.country from orders o join customers c on c.customer_id = o.customer_id
select sum(total) from orders where ordered_at >= '2024-01-01' and ordered_at < '2025-01-01'
select date_trunc('week', ordered_at) as week, sum(total) from orders group by week order by week
select extract(dow from ordered_at) as weekday, count(*) from orders group by weekday
select to_char(ordered_at, 'Dy') as weekday, avg(total) from orders group by 1
select country, count(*) from customers where created_at >= date '2023-06-01' group by country having count(*) > 2
select name, salary from employees order by salary desc, name limit 3
select department, avg(salary) from employees group by department
select department, percentile_cont(0.5) within group (order by salary) as median from employees group by department
select e.name, m.name as manager from employees e left join employees m on m.employee_id = e.manager_id
select name from employees where manager_id is null
select product_id, sum(quantity) from order_items group by product_id order by 2 desc limit 10
select p.name, sum(i.quantity * i.unit_price) as revenue from products p join order_items i using (product_id) group by p.name order by revenue desc
select category, count(*) from products group by category
select name from products where "Weight KG" > 1.5 order by "Weight KG" desc
select name from products where name like '%thing'
select name from products where name ilike 'a%' or name ilike 'b%'
select name from products where name ~ '^[A-C]'
select name from products where name similar to '(A|B)%'
select distinct country from customers order by country
select count(distinct customer_id) from orders
select country, count(distinct customer_id) filter (where created_at > '2023-06-01') as recent from customers group by country
select status, round(100.0 * count(*) / sum(count(*)) over (), 1) as share from orders group by status
select order_id, total, rank() over (order by total desc) from orders
select order_id, total, lag(total) over (partition by customer_id order by ordered_at) as before from orders
select order_id, avg(total) over (order by ordered_at rows between 6 preceding and current row) from orders
select customer_id, first_value(total) over (partition by customer_id order by ordered_at) from orders
select ntile(4) over (order by total) as quartile, order_id from orders
select customer_id from orders intersect select customer_id from customers where country = 'DE'
select customer_id from customers except select customer_id from orders
select 'orders' as what, count(*) from orders union all select 'customers', count(*) from customers
with big as (select * from orders where total > 50) select count(*) from big
with a as (select customer_id, count(*) as n from orders group by customer_id), b as (select avg(n) as mean from a) select count(*) from a, b where a.n > b.mean
select (select count(*) from orders) - (select count(*) from customers) as difference
select c.country, coalesce(sum(o.total), 0) from customers c left join orders o on o.customer_id = c.customer_id group by c.country
select customer_id from customers c where not exists (select 1 from orders o where o.customer_id = c.customer_id and o.status = 'returned')
select customer_id from customers where customer_id in (select customer_id from orders group by customer_id having sum(total) > 100)
select order_id from orders where total > all (select total from orders where status = 'open')
select order_id from orders where status in ('open', 'Shipped') and total between 10 and 20
select order_id from orders where status is distinct from 'open'
select order_id from orders where status is not null and not (total < 10)
select case when total < 10 then 'small' when total < 50 then 'medium' else 'large' end as size, count(*) from orders group by 1
select nullif(status, 'open'), greatest(total, 10), least(total, 10), abs(total - 50) from orders
select ceil(total), floor(total), round(total, 1), trunc(total), mod(order_id, 7), power(total, 2), sqrt(total) from orders
select upper(name), lower(name), initcap(name), length(name), reverse(name) from products
select left(name, 3), right(name, 2), substring(name from 2 for 3), replace(name, 'thing', 'object') from products
select trim(name), ltrim(name), concat(name, ' / ', category), concat_ws('-', name, category) from products
select position('t' in name), strpos(name, 'thing'), split_part(name, 't', 1) from products
select age(max(ordered_at), min(ordered_at)) from orders
select ordered_at::date, ordered_at + interval '2 days', date_part('year', ordered_at) from orders
select make_date(2024, 2, 29), date '2024-02-29' + 1
select count(*) from orders where ordered_at >= now() - interval '30 days'
select count(*) from orders where ordered_at::date = current_date
select array_agg(distinct status order by status) from orders
select string_agg(distinct country, ', ' order by country) from customers
select bool_and(total > 0), bool_or(total > 100) from orders
select corr(quantity, unit_price), stddev(unit_price), variance(unit_price) from order_items
select mode() within group (order by status) from orders
select country, grouping(country), count(*) from customers group by rollup (country)
select status, extract(year from ordered_at), count(*) from orders group by grouping sets ((1), (2), ())
select category, name, count(*) from products group by cube (category, name)
select x from unnest(array[1, 2, 3]) as x
select count(*) from generate_series(1, 100) as n
select n, count(o.order_id) from generate_series(1, 12) as n left join orders o on extract(month from o.ordered_at) = n group by n
select * from (values ('open', 1), ('returned', 2)) as v(status, place)
select v.place, count(*) from orders join (values ('open', 1)) as v(status, place) on v.status = orders.status group by v.place
select order_id from orders order by total desc nulls last offset 10 limit 5
select order_id from orders order by order_id fetch first 10 rows with ties
select distinct on (status) status, order_id from orders order by status, total desc, order_id
select count(*) from orders as "Orders of the shop"
select 1 as "drop table", 'delete from orders' as text from orders limit 1
select count(*) from orders where status = 'select pg_sleep(1); drop table orders'
select count(*) from orders where status = 'open' /* asked by the board */
select order_id /* the key */, total from orders where total = 0.0 or total = -1
((select count(*) from orders))
select count(*) from shop.orders
select shop.orders.total from shop.orders
select array_length(array_agg(order_id), 1), cardinality(array_agg(order_id)) from orders
select sum(quantity) / nullif(count(*), 0)::numeric(10, 2) from order_items
select cast(total as integer), total::text, '3'::int from orders
select name || ' (' || country || ', ' || coalesce(email, '-') || ')' from customers
select replace(replace(lower(name), ' ', '_'), '.', '') from customers
select string_agg(name, ', ') over (partition by country order by name) from customers
with recursive chain as (select employee_id, name as path from employees where manager_id is null union all select e.employee_id, c.path || ' / ' || e.name from employees e join chain c on e.manager_id = c.employee_id) select path from chain
select ordered_at - interval '1 month ago' from orders
select string_agg(distinct concat_ws(' ', c.name, '<' || c.email || '>', '(' || c.country || ')') || ': ' || o.total::text, '; ') from customers c join orders o on o.customer_id = c.customer_id
select array_to_string(array(select distinct status from orders), ', ')
