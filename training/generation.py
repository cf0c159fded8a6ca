"""What a generator gives back for a question. Without torch, for who asks a model of another process."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """An answer.

    Attributes:
        sql: The statement, empty if the model wrote none.
        prompt_tokens: Tokens of the prompt, schema included.
        completion_tokens: Tokens generated, the end token included.
        drafts: What the model wrote besides, before `sql` was chosen; empty where the first answer stood.
    """

    sql: str
    prompt_tokens: int
    completion_tokens: int
    drafts: tuple[str, ...] = ()
