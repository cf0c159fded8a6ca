-- 60 pairs over 15 templates, each of which reads a table of its own: 3 templates held out whole, of the others every
-- fifth question for test or dev. Pairs 2 and 17 are of template 2, both in train; pair 5 is held out.
insert into corpus.training_pairs (
    pair_id, fingerprint, catalog_hash, instruction, input, output, origin, question_split, template_split,
    execution_count, row_count, parity, first_seen_at
)
with tables as (

    select
        table_name,
        row_number() over (order by table_name) as number,
        count(*) over () as tables
    from (select distinct table_name from corpus.schema_catalog) as names

)

select
    left(md5('pair ' || n), 16) as pair_id,
    encode(sha256(convert_to('template ' || t, 'UTF8')), 'hex') as fingerprint,
    (select catalog_hash from raw_training.pair_validations order by validated_at desc limit 1) as catalog_hash,
    'Write one PostgreSQL query that answers the question.' as instruction,
    'Question number ' || n || '?' as input,
    'select count(*) from ' || table_name || ' where ' || n || ' > ' || t as output,
    'comment' as origin,
    case when t >= 12 then 'none' when n % 5 = 0 then 'test' when n % 5 = 1 then 'dev' else 'train' end as question_split,
    case when t >= 12 then 'test' else 'train' end as template_split,
    1 as execution_count,
    1 as row_count,
    'equal' as parity,
    now() as first_seen_at
from (select n, n % 15 as t from generate_series(1, 60) as n) as numbers
inner join tables on tables.number = numbers.t % tables.tables + 1
