"""The API's own connections to the warehouse, as auditune_api: the registry, the request log, reviews."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg_pool import ConnectionPool

from serving.adapter_event import AdapterEvent
from serving.page.history import PastQuestion
from serving.schemas import QueuedCandidate, ReviewQueue, ReviewRequest, ReviewResponse
from training.registry.aliases import list_aliases

_CHECK_SECONDS = 2.0

_HERE = Path(__file__).parent
_PAST_QUESTIONS = (_HERE / "past_questions.sql").read_text()
_QUEUE = (_HERE / "review_queue.sql").read_text()
_REVIEW = (_HERE / "insert_review.sql").read_text()
_CANARY_QUESTIONS = (_HERE / "canary_questions.sql").read_text()
_ADAPTER_EVENT = (_HERE / "insert_adapter_event.sql").read_text()


class Database:
    """A small pool that reconnects by itself; every call fails within seconds where the warehouse is away."""

    def __init__(self, dsn: str):
        self.pool = ConnectionPool(
            dsn,
            min_size=0,
            max_size=4,
            timeout=_CHECK_SECONDS,
            kwargs={"autocommit": True, "connect_timeout": 2, "application_name": "auditune_api"},
            check=ConnectionPool.check_connection,
            name="api",
            open=False,
        )

    def is_reachable(self) -> bool:
        """Return whether the warehouse answers."""
        try:
            with self.pool.connection() as conn:
                conn.execute("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def read_aliases(self) -> dict[str, str]:
        """Read where each alias points: its name and an adapter id.

        Raises:
            psycopg.OperationalError: The warehouse is away.
        """
        with self.pool.connection() as conn:
            return list_aliases(conn)

    def read_canary_questions(self, adapter_id: str, limit: int) -> list[str]:
        """Read questions that an adapter answered right when it was evaluated, pseudonymized.

        Args:
            adapter_id: The adapter.
            limit: Most questions to return.

        Returns:
            Always the same ones; none where the adapter was never evaluated here, or dbt has not built the corpus.

        Raises:
            psycopg.OperationalError: The warehouse is away.
        """
        with self.pool.connection() as conn:
            if conn.execute("select to_regclass('corpus.canary_questions')").fetchone() == (None,):
                return []
            rows = conn.execute(_CANARY_QUESTIONS, {"adapter_id": adapter_id, "limit": limit})
            return [question for (question,) in rows]

    def store_adapter_event(self, event: AdapterEvent) -> None:
        """Store that an alias was followed, or why it was not.

        Raises:
            psycopg.OperationalError: The warehouse is away.
        """
        with self.pool.connection() as conn:
            conn.execute(_ADAPTER_EVENT, {"event_id": uuid4(), **asdict(event)})

    def has_request(self, request_id: UUID) -> bool:
        """Return whether a request is in the log.

        Raises:
            psycopg.OperationalError: The warehouse is away.
        """
        query = "select exists (select from raw_serving.requests where request_id = %s)"
        with self.pool.connection() as conn:
            return conn.execute(query, (request_id,)).fetchone()[0]

    def read_past_questions(self, request_ids: Sequence[UUID]) -> list[PastQuestion]:
        """Read what is stored of some questions, in pseudonymized form, newest first.

        Args:
            request_ids: Their request ids; who has none of a question does not see it.

        Raises:
            psycopg.OperationalError: The warehouse is away.
        """
        with self.pool.connection() as conn, conn.cursor(row_factory=class_row(PastQuestion)) as cursor:
            return cursor.execute(_PAST_QUESTIONS, {"request_ids": list(request_ids)}).fetchall()

    def read_queue(self, limit: int, offset: int = 0, candidate_id: str | None = None) -> ReviewQueue:
        """Read what waits for a reviewer, undecided candidates first.

        Args:
            limit: Most candidates to return.
            offset: How many to skip.
            candidate_id: Only this one.

        Raises:
            psycopg.errors.UndefinedTable: dbt has not built the queue.
            psycopg.OperationalError: The warehouse is away.
        """
        parameters = {"limit": limit, "offset": offset, "candidate_id": candidate_id}
        with self.pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_QUEUE, parameters).fetchall()
        counts = {name: rows[0][name] if rows else 0 for name in ("total", "waiting")}
        return ReviewQueue(candidates=[QueuedCandidate(**row) for row in rows], **counts)

    def store_review(self, review: ReviewRequest) -> ReviewResponse | None:
        """Store a decision, its texts pseudonymized by the warehouse.

        Returns:
            The stored decision; None where the candidate is not in the queue.

        Raises:
            psycopg.errors.UndefinedTable: dbt has not built the queue.
            psycopg.DataError: The edited SQL holds a value that its column does not take.
            psycopg.OperationalError: The warehouse is away.
        """
        review_id = uuid4()
        with self.pool.connection() as conn:
            stored = conn.execute(_REVIEW, {"review_id": review_id, **review.model_dump()}).fetchone()
        if stored is None:
            return None
        return ReviewResponse(review_id=review_id, candidate_id=review.candidate_id, reviewed_at=stored[0])
