"""Requests and responses of the API, as the OpenAPI page shows them."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from training.sql.errors import SqlError as StatementError
from training.sql.parse import parse_select

QUESTION_MAX_CHARACTERS = 2000
SQL_MAX_CHARACTERS = 20_000
REVIEWER_MAX_CHARACTERS = 100
MESSAGE_MAX_CHARACTERS = 20_000
_PLAIN_WHITESPACE = "\n\r\t"


def _refuse_control_characters(text: str) -> str:
    # Cs are halves of characters, which no encoding can hold; JSON's escapes let them through.
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _PLAIN_WHITESPACE for char in text):
        raise ValueError("control characters are not allowed")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(_refuse_control_characters)]
Question = Annotated[Text, Field(min_length=1, max_length=QUESTION_MAX_CHARACTERS)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SqlRequest(_Request):
    """A question."""

    question: Question = Field(description="A question about the warehouse, in plain words.")
    execute: Literal["no", "explain", "rows"] = Field(
        default="no", description="explain: what the planner expects, without running it; rows: run it."
    )
    max_rows: int = Field(default=100, ge=1, le=10_000, description="Most rows to return; the API's own cap holds too.")
    candidates: int = Field(
        default=1, ge=1, description="Answers to write and run; the one whose result most of them give is returned."
    )


class SqlError(BaseModel):
    """Why a question has no usable answer."""

    code: str = Field(
        description="syntax, unknown_table, unknown_column, type, timeout, blocked, too_expensive, database"
    )
    message: str


class SqlEstimate(BaseModel):
    """What PostgreSQL's planner expects of a statement."""

    cost: float = Field(description="Total cost, in the planner's units.")
    rows: int = Field(description="Rows that the statement returns.")


class SqlResponse(BaseModel):
    """The SQL for a question and, where asked for, its rows."""

    request_id: UUID
    sql: str | None = Field(
        description="Canonical SQL that the guard allows; null where it was refused, or the model was not sure."
    )
    reason: str | None = Field(default=None, description="Why the question is not answered; null where it is.")
    tables: list[str] = Field(description="Tables that the SQL reads.")
    columns: list[str] = Field(description="Columns that the SQL reads, as table.column.")
    adapter_id: str | None = Field(description="The adapter that wrote the SQL; null for the caller's own.")
    confidence: float | None = Field(
        default=None, description="Probability that the SQL is right; null where the adapter was not calibrated."
    )
    executed: bool = Field(description="True where the SQL ran without an error.")
    row_columns: list[str] | None = Field(default=None, description="Names of the columns of `rows`.")
    rows: list[list[Any]] | None = None
    row_count: int | None = Field(default=None, description="Number of rows returned.")
    is_truncated: bool | None = Field(default=None, description="True where the SQL has more rows than were returned.")
    estimate: SqlEstimate | None = Field(default=None, description="For `explain`.")
    error: SqlError | None = None
    timings_ms: dict[str, float] = Field(description="generation, guard, explain, execution, total")


class SchemaColumn(BaseModel):
    """A column that questions can be about."""

    name: str
    type: str
    references: str | None = Field(description="The column that it refers to, as table.column.")
    personal: str | None = Field(description="The kind of personal data that it holds; null for none.")


class SchemaTable(BaseModel):
    """A table that questions can be about."""

    name: str
    description: str | None
    columns: list[SchemaColumn]


class SchemaResponse(BaseModel):
    """The tables that questions can be about."""

    tables: list[SchemaTable]


class ValidationRequest(_Request):
    """SQL that a person writes."""

    sql: Annotated[Text, Field(max_length=SQL_MAX_CHARACTERS)]


class ValidationResponse(BaseModel):
    """Whether the SQL would be run."""

    valid: bool
    rule: str | None = Field(description="The guard's rule or the class of PostgreSQL's error; null where valid.")
    message: str = Field(description="One sentence about what is wrong; empty where valid.")
    tables: list[str] = Field(description="Tables that it reads.")
    columns: list[str] = Field(description="Columns that it reads, as table.column.")


class FeedbackRequest(_Request):
    """A person's verdict on an answer."""

    request_id: UUID
    verdict: Literal["right", "wrong"]
    corrected_sql: Annotated[Text, Field(max_length=SQL_MAX_CHARACTERS)] | None = None
    comment: Annotated[Text, Field(max_length=QUESTION_MAX_CHARACTERS)] | None = None


class FeedbackResponse(BaseModel):
    """The stored verdict."""

    feedback_id: UUID
    request_id: UUID


def _refuse_line_breaks(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("must be one line")
    return text.strip()


def _refuse_what_is_no_query(text: str) -> str:
    try:
        parse_select(text)
    except StatementError as error:
        raise ValueError("must be one SELECT of PostgreSQL") from error
    return text


class ReviewRequest(_Request):
    """A reviewer's decision about a candidate of the queue."""

    candidate_id: Annotated[Text, Field(max_length=64)]
    decision: Literal["approve", "edit", "reject"]
    reviewer: Annotated[
        Text,
        AfterValidator(_refuse_line_breaks),
        Field(max_length=REVIEWER_MAX_CHARACTERS, description="Who decides; kept with the decision, as typed."),
    ]
    edited_question: Annotated[Question, AfterValidator(_refuse_line_breaks)] | None = None
    edited_sql: (
        Annotated[Text, Field(max_length=SQL_MAX_CHARACTERS), AfterValidator(_refuse_what_is_no_query)] | None
    ) = None

    @model_validator(mode="after")
    def _fits_the_decision(self) -> Self:
        has_edit = self.edited_question is not None or self.edited_sql is not None
        if self.decision == "edit" and not has_edit:
            raise ValueError("to edit, give edited_question or edited_sql")
        if self.decision != "edit" and has_edit:
            raise ValueError("edited_question and edited_sql belong to the decision edit")
        return self


class ReviewResponse(BaseModel):
    """The stored decision."""

    review_id: UUID
    candidate_id: str
    reviewed_at: datetime


class QueuedCandidate(BaseModel):
    """A pair that a person has to decide about."""

    candidate_id: str
    why: str = Field(description="drafted: nobody has asked this question; conflict: other SQL answers it as well.")
    origin: str
    question: str
    sql: str
    first_seen_at: datetime
    decision: str | None = Field(description="What was decided since the queue was built; the next build acts on it.")
    reviewer: str | None
    reviewed_at: datetime | None


class ReviewQueue(BaseModel):
    """A part of the queue."""

    total: int = Field(description="Candidates in the queue.")
    waiting: int = Field(description="Of these, without a decision.")
    candidates: list[QueuedCandidate]


class ContentPart(BaseModel):
    """A part of a chat message."""

    type: Literal["text"]
    text: Annotated[Text, Field(max_length=MESSAGE_MAX_CHARACTERS)]


class ChatMessage(BaseModel):
    """A message of OpenAI's chat format."""

    role: Literal["system", "developer", "user", "assistant"]
    content: (
        Annotated[str, Field(max_length=MESSAGE_MAX_CHARACTERS)]
        | Annotated[list[ContentPart], Field(max_length=100)]
        | None
    ) = None


class StreamOptions(BaseModel):
    """OpenAI's options of a stream."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """OpenAI's chat completion request. Decoding is greedy: sampling parameters are accepted and have no effect."""

    model: str = Field(max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=100)
    stream: bool = False
    stream_options: StreamOptions | None = None


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    code: str


class ErrorResponse(BaseModel):
    """The shape of every error."""

    error: ErrorDetail
