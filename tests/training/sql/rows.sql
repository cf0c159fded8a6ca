insert into customers select n, 'Customer ' || n, 'c' || n || '@example.com', (array['DE', 'FR', 'US'])[n % 3 + 1], timestamp '2023-01-01' + n * interval '9 days' from generate_series(1, 60) as n;
insert into employees select n, 'Employee ' || n, nullif(n / 3, 0), 1000 + n * 37 % 500, (array['sales', 'support'])[n % 2 + 1] from generate_series(1, 20) as n;
insert into products select n, chr(64 + n) || 'thing', (array['x', 'y', 'z'])[n % 3 + 1], n * 0.5, n % 4 from generate_series(1, 12) as n;
insert into orders select n, n % 50 + 1, timestamp '2024-01-01' + n * interval '1 day 3 hours', (array['Shipped', 'open', 'returned', null])[n % 4 + 1], n * 7 % 113 from generate_series(1, 200) as n;
insert into order_items select n % 200 + 1, n % 12 + 1, n % 5 + 1, n % 9 + 0.99 from generate_series(1, 400) as n;
