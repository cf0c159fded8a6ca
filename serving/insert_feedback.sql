-- One verdict, with the question and the SQL that it is about: the corpus reads them here. All texts are pseudonymized.
-- Without such a request the foreign key refuses the row. A row may be written twice; it counts once.
insert into raw_serving.feedback (feedback_id, request_id, given_at, verdict, question, sql, corrected_sql, comment)
select
    %(feedback_id)s,
    %(request_id)s,
    %(given_at)s,
    %(verdict)s,
    (select question from raw_serving.requests where request_id = %(request_id)s),
    (select sql from raw_serving.requests where request_id = %(request_id)s),
    case
        when %(keeps_text)s and %(corrected_sql)s::text is not null
            then privacy.pseudonymize_sql(%(corrected_sql)s::text)
    end,
    case
        when %(keeps_text)s and %(comment)s::text is not null
            then privacy.pseudonymize_text(%(comment)s::text)
    end
on conflict do nothing
