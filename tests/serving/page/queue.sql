-- The queue of reviews as dbt builds and grants it.
drop table if exists corpus.review_queue;
truncate raw_serving.reviews;
create table corpus.review_queue (
    candidate_id text, question text, statement text, canonical_sql text, origin text, why text, first_seen_at timestamptz
);
grant select on corpus.review_queue to auditune_api;
insert into corpus.review_queue values
    ('d1', 'How many orders are there?', 'select count(*) from orders', null, 'drafted', 'drafted', '2026-01-02'),
    ('d2', '<script>document.title = 1</script>', 'select status from orders', null, 'drafted', 'drafted', '2026-01-02'),
    ('c1', 'Newest order', 'select max(ordered_at) from orders', null, 'comment', 'conflict', '2026-01-02'),
    ('c2', 'newest order', 'select max(order_id) from orders', null, 'comment', 'conflict', '2026-01-02');
