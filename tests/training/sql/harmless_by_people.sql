select md5(country || created_at::text) from customers
select lpad(order_id::text, 8, '0') from orders
select rpad(status, 12) from orders
select repeat('#', 5) from orders
select format('%s in %s', name, country) from customers
select regexp_replace(name, '\s+', ' ', 'g') from customers
select (regexp_match(name, '^(\w+)'))[1] from customers
select country from customers where name ~ E'^\\w+'
select string_agg(name, E'\n' order by name) from customers
select string_agg(status, $$, $$) from orders
select chr(65), to_hex(255), sin(radians(30)), pi(), atan2(1, 2), gcd(12, 8), log10(1000)
select date_trunc, count from (select date_trunc('month', ordered_at), count(*) from orders group by 1) as m
select date_trunc('month', ordered_at), count(*) from orders group by 1 order by date_trunc
select country, row_number from (select country, row_number() over (order by country) from customers) as r where row_number = 1
with t as (select sum(total)::integer, max(ordered_at)::date from orders) select sum, max from t
select generate_series from generate_series(1, 3)
select d::date from generate_series('2024-01-01'::date, '2024-03-31'::date, '1 day'::interval) as d
select h from generate_series(timestamp '2024-01-01', timestamp '2024-01-02', interval '1 hour') as h
select d from generate_series(current_date - 30, current_date, interval '1 day') as d
select d from generate_series(now() - interval '7 days', now(), interval '1 day') as d
select n from generate_series(10, 1, -1) as n
with recursive n(i) as (select 1 union all select i + 1 from n where i < 12) select i from n
with recursive m as (select date '2024-01-01' as d union all select (d + interval '1 month')::date from m where d < date '2024-12-01') select d from m
with recursive staff as (select employee_id, manager_id from employees), tree as (select employee_id from staff where manager_id is null union all select s.employee_id from staff s join tree t on s.manager_id = t.employee_id) select count(*) from tree
select order_id from orders where total > all (select total from orders where status = 'lost')
select order_id from orders where status <> all (array['open', 'lost'])
select (date '2024-01-01', date '2024-02-01') overlaps (date '2024-01-15', date '2024-03-01')
select order_id from orders where total between symmetric (100) and (1)
select ordered_at at time zone ('UTC') from orders
select settings ->> 'theme', settings -> 'a' ->> 'b', settings -> 0 from (select '{}'::jsonb as settings) as s
select coalesce(settings ->> 'theme', 'none') from (select '{}'::jsonb as settings) as s
select upper(data -> 'a' ->> 'b') from (select '{"a": {"b": "c"}}'::jsonb as data) as s
select value ->> 'x' from (select '[{"x": 1}]'::jsonb as j) as s cross join lateral jsonb_array_elements(j) as e
select json_agg(json_build_object('id', order_id, 'total', total) order by order_id) from orders where order_id < 5
select jsonb_object_agg(country, n) from (select country, count(*) as n from customers group by country) as c
select to_jsonb(o) from orders as o where order_id = 1
select array_position(array['a', 'b'], 'b'), array_append(array[1], 2), (array[1, 2, 3])[1:2]
select order_id & 1, order_id | 4, order_id # 2, order_id << 1 from orders
select daterange(date '2024-01-01', date '2024-02-01') @> date '2024-01-15'
select bit_or(order_id), regr_avgx(total, order_id) from orders
select to_tsvector('english', name) @@ plainto_tsquery('english', 'red chair') from products
select regexp_split_to_table('a,b', ',') as part
select jsonb_path_query_first('{"a": 1}'::jsonb, '$.a')
select order_id, sum(total) over w from orders window w as (partition by customer_id order by ordered_at)
select c.country, count(*) from customers as c natural join orders as o group by c.country
select customer_id, c.country, o.total from customers as c join orders as o using (customer_id) cross join products limit 3
(select order_id from orders limit 2) union all (select order_id from orders order by 1 desc limit 2) order by 1 limit 3
select exists (select sum(total) from orders having sum(total) > 10)
with v(n, label) as (values (1, 'one'), (2, 'two')) select label from v where n = 2
