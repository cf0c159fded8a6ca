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
        forced_tokens: Those of the completion that the grammar left no choice about; they cost no step of the model.
        cached_tokens: Those of the prompt whose keys and values were there already.
        log_probability: Of the whole answer, among what the grammar allowed; not compared, for its last digits depend
            on what else was in the batch.
    """

    sql: str
    prompt_tokens: int
    completion_tokens: int
    drafts: tuple[str, ...] = ()
    forced_tokens: int = 0
    cached_tokens: int = 0
    log_probability: float = field(default=0.0, compare=False)
