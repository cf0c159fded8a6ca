"""What a generator gives back for a question. Without torch, for who asks a model of another process."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Generation:
    """An answer.

    Attributes:
        sql: The statement, empty if the model wrote none.
        prompt_tokens: Tokens of the prompt, schema included.
        completion_tokens: Tokens generated, the end token included.
        drafts: What the model wrote besides, before `sql` was chosen; empty where the first answer stood.
        draft_log_probabilities: Of each of them.
        forced_tokens: Those of the completion that the grammar left no choice about; they cost no step of the model.
        guessed_tokens: Those of the completion that were guessed from earlier answers, and right.
        cached_tokens: Those of the prompt whose keys and values were there already.
        log_probability: Of the whole first answer, among what the grammar allowed; None where the engine does not tell.
            Not compared, as `guessed_tokens`: its last digits depend on what else was in the batch.
    """

    sql: str
    prompt_tokens: int
    completion_tokens: int
    drafts: tuple[str, ...] = ()
    draft_log_probabilities: tuple[float | None, ...] = field(default=(), compare=False)
    forced_tokens: int = 0
    guessed_tokens: int = field(default=0, compare=False)
    cached_tokens: int = 0
    log_probability: float | None = field(default=None, compare=False)
