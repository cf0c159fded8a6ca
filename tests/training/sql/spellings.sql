select count(*), count(distinct status), sum(total), avg(total), min(status), max(total) from orders
select stddev(total), stddev_pop(total), stddev_samp(total), variance(total), var_pop(total), var_samp(total) from orders
select corr(total, order_id), covar_pop(total, order_id), covar_samp(total, order_id) from orders
select regr_slope(total, order_id), regr_intercept(total, order_id), regr_r2(total, order_id), regr_count(total, order_id) from orders
select bool_and(total > 1), bool_or(total > 90), every(total is not null) from orders
select string_agg(status, ',' order by status, order_id), array_agg(order_id order by order_id desc) from orders
select string_agg(distinct status, '; ') from orders
select mode() within group (order by status), percentile_cont(0.25) within group (order by total), percentile_disc(array[0.2, 0.8]) within group (order by total) from orders
select any_value(1) from orders
select status, customer_id, count(*), grouping(status), grouping(status, customer_id) from orders group by rollup (status, customer_id)
select status, customer_id, count(*) from orders group by cube (status, customer_id)
select status, customer_id, count(*) from orders group by grouping sets ((status), (customer_id), ())
select row_number() over (order by order_id), rank() over (order by status), dense_rank() over (order by status), percent_rank() over (order by total), cume_dist() over (order by total), ntile(3) over (order by order_id) from orders
select lag(total) over (order by order_id), lag(total, 2) over (order by order_id), lead(total, 1, 0) over (order by order_id), first_value(total) over w, last_value(total) over w, nth_value(total, 2) over w from orders window w as (order by order_id rows between unbounded preceding and unbounded following)
select sum(total) over (order by ordered_at range between interval '3 days' preceding and current row), count(*) over (order by order_id groups between 1 preceding and 1 following exclude current row) from orders
select abs(-total), ceil(total), ceiling(total), floor(total), round(total), round(total, 1), round(avg(total) over (), 2), trunc(total), trunc(total, 1), sign(total - 50) from orders
select round(100.0 * count(*) / nullif(sum(count(*)) over (), 0), 1), round(sqrt(2)::numeric, 3), round(2.5::double precision) from orders group by status
select mod(order_id, 3), order_id % 3, div(total, 7), power(order_id, 2), pow(2, order_id), order_id ^ 2, sqrt(total), cbrt(27), exp(1), ln(total + 1), log(total + 1), log(2, total + 1) from orders where total is not null
select greatest(total, 10, order_id), least(total, 10), width_bucket(total, 0, 100, 5), coalesce(total, 0), coalesce(total, order_id, 0), nullif(status, 'open'), num_nulls(total, status), num_nonnulls(total, status) from orders
select lower(name), upper(name), initcap(name), length(name), char_length(name), character_length(name), octet_length(name), reverse(name), ascii(name) from products
select substring(name from 1 for 3), substring(name from 2), substring(name, 2, 2), substr(name, 2), substr(name, 1, 2), left(name, 2), right(name, 2), left(name, -1) from products
select trim(name), trim(both 'A' from name), trim(leading 'A' from name), trim(trailing 's' from name), ltrim(name), rtrim(name, 's'), btrim(name, 'As') from products
select replace(name, 'a', 'b'), concat(name, 1, null), concat_ws('-', name, category), name || '-' || category, split_part(name, ' ', 1), position('a' in name), strpos(name, 'a'), starts_with(name, 'A'), translate(name, 'ab', 'xy') from products
select to_char(ordered_at, 'YYYY-MM-DD HH24:MI:SS'), to_char(ordered_at, 'Dy FMMonth "week" IW TZ'), to_char(total, 'FM999G990D00'), to_char(ordered_at - now(), 'DD') is null from orders
select to_date('2024-02-03', 'YYYY-MM-DD'), to_timestamp('2024-02-03 04', 'YYYY-MM-DD HH24'), to_timestamp(86400), to_number('12,454.8-', '99G999D9S')
select now() > date '2024-01-01', current_date > date '2024-01-01', current_timestamp > date '2024-01-01', localtimestamp > date '2024-01-01', current_time is null, localtime is null
select age(ordered_at, timestamp '2020-01-01'), age(timestamp '2020-01-01') is null, date_trunc('month', ordered_at), date_trunc('quarter', ordered_at)::date, date_trunc('day', ordered_at at time zone 'UTC', 'Europe/Oslo') from orders
select date_part('dow', ordered_at), extract(isodow from ordered_at), extract(epoch from ordered_at), extract(week from ordered_at), extract(doy from ordered_at), extract(hour from ordered_at), extract(year from age(ordered_at)) from orders
select make_date(2024, 2, 29), make_timestamp(2024, 1, 2, 3, 4, 5.5), make_interval(days => 3), make_interval(0, 1), justify_days(interval '40 days'), justify_hours(interval '30 hours'), justify_interval(interval '1 month -1 hour'), isfinite(date '2024-01-01'), date(ordered_at) from orders
select array_length(array[1, 2], 1), cardinality(array[1, 2]), array_to_string(array['a', 'b'], ','), string_to_array('a,b', ','), (array[4, 5])[1], (string_to_array(name, ' '))[1] from products
select u from unnest(array[1, 2, 3]) as u
select unnest(string_to_array('a,b', ','))
select n from generate_series(1, 5) as n where n not in (2)
select d::date from generate_series('2024-01-01'::timestamp, '2024-03-01', '1 month') as d
select case status when 'open' then 1 when 'Shipped' then 2 end, case when total > 5 then 'a' end from orders
select total::varchar(5), total::char(3), total::float, total::real, total::smallint, total::bigint, '5'::int, '2024-01-01'::date, timestamp '2024-01-01 10:00', timestamptz '2024-01-01 10:00+00', interval '2' day, interval '1-2' year to month, interval '90 minutes', '1 day'::interval, cast(null as text), true::int from orders where total < 30000
select date '2024-03-01' - date '2024-02-01', ordered_at + interval '1 day' * 2, ordered_at - ordered_at, ordered_at::date + 1, -total, + total, - (- total), -5 - -3, 2 - (3 - 1), 8 / (4 / 2), 7 / 2, 7 / 2.0, (1 + 2) * 3, 1 + 2 * 3, 2 ^ 3 ^ 2, -2 ^ 2 from orders
select name from products where name ~ '^A' or name ~* 'b' or name !~ 'x' or name !~* 'y' or name similar to '(A|B)%' or name like 'A\_%' escape '\' or name not ilike '%q%'
select 1 from orders where total is distinct from 5 and status is not distinct from 'open' and (total > 5) is true and (total > 5) is not false and (total > 5) is not unknown
select 1 from orders where (total, order_id) > (5, 1) and (order_id, status) not in (values (1, 'a'), (2, 'b')) and total <> all (array[1, 2]) and order_id = any ('{1,2,3}'::int[])
select 1 from orders where not (total > 5 and status = 'open') or not total in (1, 2) or not (total between 1 and 2) or not exists (select 1 from customers where false) or not not (total > 3)
select 1 from orders where total between symmetric 90 and 10 or order_id in (select order_id from order_items) or true or null
select name from customers where (created_at, created_at + interval '1 day') overlaps (date '2023-01-01', date '2024-01-01')
select E'a\nb', 'it''s', U&'d\0061t', $$do$$, $x$l'r$x$, N'n', B'101', X'1F' from orders limit 1
select 1e3, 1.5e-2, .5, 5., 12345678901234567890, 'x'
select * from (values (1, 'one'), (2, 'two')) as v (n, word) join orders on order_id = n order by n
select count(*) from orders group by ()
select status as "Status Of Order", total as "select", order_id as "ÄÖ", customer_id as "a""b" from orders order by "Status Of Order", "select", 3
(select status from orders limit 1) union all (select name from customers order by name desc limit 1) order by 1
select status from orders union (select country from customers except select 'DE') intersect select 'FR'
select c.name, (select max(o.total) from orders o where o.customer_id = c.customer_id) as biggest from customers c order by biggest desc nulls last, c.name
select o.order_id from orders o left join lateral (select i.quantity from order_items i where i.order_id = o.order_id order by 1 desc limit 1) q on true where q.quantity is null
select t.* from orders o full join customers t on o.customer_id = t.customer_id where o.order_id is null or t.country = 'DE'
select distinct status, total is null from orders order by 1, 2 offset 1 rows fetch next 3 rows only
select sum(total) filter (where status = 'open') over (partition by customer_id) from orders
with w as materialized (select status, total from orders), w2 as (select status, sum(total) as s from w group by 1) select * from w2 where s = (select max(s) from w2)
select json_build_object('a', 1)
select cast(status not ilike 'x' as text), cast(status !~ 'x' as text), (total not in (1, 2))::text, (total between 1 and 2)::int, cast(- total as int) from orders
select date '2024-01-01'::text, (timestamp '2024-01-02 03:04')::date, timestamp with time zone '2024-01-01 00:00+00'::date is null, interval '1 day'::text, '2024-01-01'::text::date
select (1 + 2)::text || 'a', (total + 1) * (2), ((total)) + (1 - (2 - 3)), (status || 'a') || 'b', (ordered_at::date) + 1, (interval '1 day') * 2, -(total::int), (array[4, 5])[1] from orders
with w as (select (customer_id), count(*) from orders group by (customer_id)) select w.customer_id, w.count from w
