-- Queries of the sample business, and how each is said. Read by test_verbalize.py.

---------- figures

select count(*) from orders;
-- How many orders are there?

select count(distinct city) from customers;
-- How many different cities are there among registered customers?

select count(distinct customer_id) from orders;
-- How many different registered customers are there among orders?

select sum(total) from orders;
-- What is the sum of total for all orders?

select min(hired_on), max(hired_on) from employees;
-- What are the earliest hired date and the latest hired date for all employees?

select sum(quantity * unit_price) from order_items;
-- What is the sum of quantity times unit price for all order items?

select round(avg(salary), 2) from employees where team = 'Finance';
-- What is the average salary (rounded to 2 decimals) for employees where the team is Finance?

select count(*) filter (where status = 'open') from orders;
-- What is the number of orders where the status is open, for all orders?

select round(100.0 * count(*) filter (where status = 'returned') / count(*), 1) from orders;
-- What is the percentage (to 1 decimal) of orders where the status is returned, for all orders?

select round(avg(delivered_on - shipped_on), 1) from shipments;
-- What is the average number of days from shipped date to delivered date (rounded to 1 decimal) for all shipments?

select percentile_cont(0.5) within group (order by price) from products;
-- What is the median list price for all products?

---------- conditions

select count(*) from orders where total > 500;
-- How many orders are there where the total is more than 500?

select count(*) from orders where total between 10 and 20;
-- How many orders are there where the total is between 10 and 20?

select count(*) from orders where status <> 'cancelled';
-- How many orders are there where the status is not cancelled?

select count(*) from customers where country in ('France', 'Spain');
-- How many registered customers are there where the country is one of France or Spain?

select count(*) from customers where country not in ('France', 'Spain');
-- How many registered customers are there where the country is none of France or Spain?

select count(*) from products where product_name ilike '%mat%';
-- How many products are there where the product name contains 'mat' in any case?

select count(*) from products where product_name not like 'Yoga%';
-- How many products are there where the product name does not start with 'Yoga'?

select count(*) from support_tickets where closed_on is null;
-- How many support tickets are there where the closed date is missing?

select count(*) from products where not is_discontinued;
-- How many products are there where the product is not discontinued?

select count(*) from orders where status = 'pending' or channel = 'phone' and total > 9;
-- How many orders are there where either the channel is phone and the total is more than 9 or the status is pending?

---------- dates

select count(*) from orders where ordered_on >= date '2024-03-01' and ordered_on < date '2024-04-01';
-- How many orders are there where the ordered date is in March 2024?

select count(*) from orders where ordered_on >= date '2024-04-01' and ordered_on < date '2024-07-01';
-- How many orders are there where the ordered date is in the second quarter of 2024?

select count(*) from orders where ordered_on >= date '2023-01-01' and ordered_on < date '2024-01-01';
-- How many orders are there where the ordered date is in 2023?

select count(*) from orders where ordered_on >= date '2024-03-05' and ordered_on < date '2024-04-01';
-- How many orders are there where the ordered date is from 5 March 2024 up to but not including 1 April 2024?

select count(*) from orders where ordered_on < date '2024-03-05';
-- How many orders are there where the ordered date is before 5 March 2024?

---------- groups

select status, count(*) from orders group by status;
-- How many orders are there for each status?

select team, avg(salary) from employees group by team having count(*) > 5;
-- What is the average salary for each team, over all employees, keeping only those where the number of employees is more than 5?

select extract(year from hired_on), count(*) from employees group by 1;
-- How many employees are there for each year of hired date?

---------- joins: a table that only looks something up is not said, a name that several tables have is said with its own

select count(*) from orders join customers using (customer_id) where customers.country = 'France';
-- How many orders are there where the country is France?

select sum(amount) from payments join orders using (order_id) where orders.status = 'returned';
-- What is the sum of payment amount for payments where the order status is returned?

select count(*) from customers left join orders using (customer_id) where orders.order_id is null;
-- How many registered customers are there without orders?

---------- queries inside queries

select count(*) from employees where salary > (select avg(salary) from employees);
-- How many employees are there where the salary is more than the average salary for all employees?

select count(*) from products where product_id not in (select product_id from order_items);
-- How many products are there where the product ID is not among the product IDs of order items?

select count(*) from customers where not exists (select 1 from orders where orders.customer_id = customers.customer_id);
-- How many registered customers are there where there are no orders of that registered customer?

with s as (select customer_id, sum(total) as t from orders group by customer_id) select count(*) from s where t > 9;
-- How many rows are there in the list of the sum of total for each customer ID, over all orders where the sum of total is more than 9?

select customer_id from orders except select customer_id from support_tickets;
-- Show the customer ID of every order, except those among the customer IDs of support tickets.

---------- rows, and the first of them

select full_name, team from employees where manager_id is null order by full_name;
-- Show the full name and team of every employee where the manager ID is missing, sorted by full name.

select full_name from employees order by salary desc, full_name limit 5;
-- Show the full name of the 5 employees with the highest salary.

select country from customers group by country order by count(*), country limit 1;
-- Show the country with the lowest number of registered customers.

select distinct method from payments;
-- Show the different methods of payments.

select * from plans;
-- Show all details of every subscription plan.

---------- windows and cases

select team, full_name, rank() over (partition by team order by salary desc) from employees;
-- Show the team, full name and rank by salary from highest to lowest within each team of every employee.

select case when total > 100 then 'big' else 'small' end, count(*) from orders group by 1;
-- How many orders are there for each label (big if the total is more than 100, otherwise small)?
