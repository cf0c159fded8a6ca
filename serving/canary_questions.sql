select canary_questions.question
from corpus.canary_questions as canary_questions
inner join raw_training.adapters as adapters on canary_questions.run_id = adapters.run_id
where adapters.adapter_id = %(adapter_id)s
order by canary_questions.pair_id
limit %(limit)s
