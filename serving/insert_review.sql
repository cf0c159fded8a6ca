-- One decision of a reviewer: who and when. Edited texts are pseudonymized. Nothing is stored about a candidate that is
-- not in the queue; a second decision about the same one is another row, and the last counts.
insert into raw_serving.reviews (review_id, candidate_id, reviewer, decision, edited_question, edited_sql)
select
    %(review_id)s,
    queue.candidate_id,
    %(reviewer)s,
    %(decision)s,
    case when %(edited_question)s::text is not null then privacy.pseudonymize_text(%(edited_question)s::text) end,
    case when %(edited_sql)s::text is not null then privacy.pseudonymize_sql(%(edited_sql)s::text) end
from corpus.review_queue as queue
where queue.candidate_id = %(candidate_id)s
returning reviewed_at
