"""The API's own connections to the warehouse, as auditune_api: the registry, the request log, feedback."""

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg_pool import ConnectionPool

from serving.schemas import FeedbackRequest

_CHECK_SECONDS = 2.0

_FEEDBACK = (Path(__file__).parent / "insert_feedback.sql").read_text()


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

    def store_feedback(self, feedback: FeedbackRequest) -> UUID:
        """Store a verdict, its texts pseudonymized by the warehouse.

        Returns:
            The new feedback id.

        Raises:
            psycopg.errors.ForeignKeyViolation: No such request.
            psycopg.OperationalError: The warehouse is away.
        """
        feedback_id = uuid4()
        with self.pool.connection() as conn:
            conn.execute(_FEEDBACK, {"feedback_id": feedback_id, **feedback.model_dump()})
        return feedback_id
