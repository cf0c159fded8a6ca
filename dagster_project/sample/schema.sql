-- The sample business `shop`: an online retailer with subscriptions. Run by business.py, inside one transaction.
-- Comments are short on purpose: they carry the company's vocabulary, and the whole schema stands in the model's prompt.

create schema shop;
set local search_path = shop;

create table calendar (
    day            date    primary key,
    weekday        text    not null,
    is_holiday     boolean not null,
    fiscal_year    integer not null,
    fiscal_quarter integer not null check (fiscal_quarter between 1 and 4)
);
comment on table calendar is 'One row per day. The fiscal year starts on 1 February';
comment on column calendar.fiscal_year is 'named by the year it starts in';
comment on column calendar.fiscal_quarter is '1 = Feb to Apr, 2 = May to Jul, 3 = Aug to Oct, 4 = Nov to Jan';
comment on column calendar.is_holiday is 'public holiday';

create table categories (
    category_id   integer primary key,
    category_name text    not null unique,
    department    text    not null
);
comment on table categories is 'Product categories';

create table products (
    product_id      integer       primary key,
    product_name    text          not null unique,
    category_id     integer       not null references categories,
    price           numeric(8, 2) not null,
    cost            numeric(8, 2) not null,
    stock           integer       not null,
    launched_on     date          not null,
    is_discontinued boolean       not null
);
comment on table products is 'Products on offer';
comment on column products.price is 'list price; margin = price - cost';
comment on column products.stock is 'units in stock; sold out = 0';

create table customers (
    customer_id    integer primary key,
    full_name      text    not null unique,
    email          text    not null unique,
    phone          text    not null unique,
    street_address text    not null,
    birth_date     date    not null,
    city           text    not null,
    country        text    not null,
    loyalty_tier   text    not null,
    source         text    not null,
    signed_up_on   date    not null
);
comment on table customers is 'One row per registered customer';
comment on column customers.loyalty_tier is 'VIP = platinum';
comment on column customers.source is 'what brought the customer to us';

create table orders (
    order_id    integer        primary key,
    customer_id integer        not null references customers,
    ordered_on  date           not null references calendar,
    status      text           not null,
    channel     text           not null,
    total       numeric(10, 2) not null
);
comment on table orders is 'One row per order';
comment on column orders.status is 'open order = pending or shipped';
comment on column orders.total is 'sales = sum of total; revenue = sales without cancelled orders';
create index on orders (customer_id);
create index on orders (ordered_on);

create table order_items (
    order_item_id integer       primary key,
    order_id      integer       not null references orders,
    product_id    integer       not null references products,
    quantity      integer       not null check (quantity > 0),
    unit_price    numeric(8, 2) not null
);
comment on table order_items is 'Products in each order';
comment on column order_items.quantity is 'units sold = sum of quantity';
comment on column order_items.unit_price is 'price paid; sales = quantity * unit_price';
create index on order_items (order_id);
create index on order_items (product_id);

create table payments (
    payment_id integer        primary key,
    order_id   integer        not null references orders,
    paid_on    date           not null references calendar,
    method     text           not null,
    status     text           not null,
    amount     numeric(10, 2) not null
);
comment on table payments is 'Payment attempts for orders';
comment on column payments.status is 'succeeded or failed';
create index on payments (order_id);

create table refunds (
    refund_id   integer        primary key,
    order_id    integer        not null references orders,
    refunded_on date           not null references calendar,
    reason      text           not null,
    amount      numeric(10, 2) not null
);
comment on table refunds is 'Money paid back for orders';
create index on refunds (order_id);

create table shipments (
    shipment_id   integer       primary key,
    order_id      integer       not null references orders,
    carrier       text          not null,
    shipped_on    date          not null references calendar,
    delivered_on  date          references calendar,
    shipping_cost numeric(6, 2) not null
);
comment on table shipments is 'Parcels sent; delivery time = delivered_on - shipped_on';
comment on column shipments.delivered_on is 'null while in transit; late = more than 5 days after shipped_on';
create index on shipments (order_id);

create table plans (
    plan_id       integer       primary key,
    plan_name     text          not null unique,
    monthly_price numeric(6, 2) not null
);
comment on table plans is 'Subscription plans';

create table subscriptions (
    subscription_id integer primary key,
    customer_id     integer not null references customers,
    plan_id         integer not null references plans,
    status          text    not null,
    started_on      date    not null references calendar,
    ended_on        date,
    cancel_reason   text
);
comment on table subscriptions is 'Subscriptions. MRR = sum of monthly_price of active subscribers';
comment on column subscriptions.status is 'active subscriber = active and ended_on is null; churned = cancelled';
comment on column subscriptions.ended_on is 'leaving subscriber = active and ended_on is not null';
create index on subscriptions (customer_id);

create table employees (
    employee_id integer       primary key,
    full_name   text          not null unique,
    email       text          not null unique,
    team        text          not null,
    manager_id  integer       references employees,
    hired_on    date          not null,
    salary      numeric(9, 2) not null
);
comment on table employees is 'Staff';
comment on column employees.manager_id is 'null for the head of the company';
comment on column employees.salary is 'per year';

create table support_tickets (
    ticket_id    integer primary key,
    customer_id  integer not null references customers,
    employee_id  integer references employees,
    opened_on    date    not null references calendar,
    closed_on    date    references calendar,
    topic        text    not null,
    priority     text    not null,
    satisfaction integer check (satisfaction between 1 and 5),
    message      text    not null
);
comment on table support_tickets is 'Support requests of customers';
comment on column support_tickets.employee_id is 'agent; null = unassigned';
comment on column support_tickets.closed_on is 'null = open ticket; resolution time = closed_on - opened_on';
comment on column support_tickets.satisfaction is '1 to 5 stars; null = not rated';
create index on support_tickets (customer_id);
