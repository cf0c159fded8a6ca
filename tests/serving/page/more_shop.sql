-- More statuses and customers than shop.sql has, so that there is something to draw; one name is markup.
update shop.orders set status = (array['paid', 'paid', 'paid', 'shipped', 'shipped', 'open', 'returned'])[1 + order_id % 7];
update shop.orders set total = ((order_id % 90) + 15 * sin(order_id / 150.0) + 20)::numeric(10, 2);
insert into shop.customers values (3, '<b onmouseover="alert(1)">Bobby</b>');
