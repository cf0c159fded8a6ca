"""What was executed, written down by the script that executed it, never read from the log.

Each client runs actions. Before an action it sends a mark, `select 'mark <client> <number>' from market.marks`, over
the same connection: what the log holds between two marks belongs to the action of the first.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.recorded_logs.statements import Statement


@dataclass(frozen=True)
class Action:
    """One thing that a client did.

    Attributes:
        client: Who.
        number: Its place in the client's list; 0 is what the client sends while it connects.
        what: The statement, or the command that made the client send some.
        parameters: As PostgreSQL writes them; None is NULL.
        statement_class: The class of each of its statements, apart from those in `noise`.
        executions: How many statements of that class it ran; None where the driver alone knows.
        noise: Classes of the statements that the driver may add of its own.
        has_error: The server refused it: where it did so before it ran, the log has the error alone.
        audited: How many lines pgaudit writes for it, where they are not `executions`.
    """

    client: str
    number: int
    what: str
    parameters: list[str | None] = field(default_factory=list)
    statement_class: str = "question"
    executions: int | None = 1
    noise: tuple[str, ...] = ()
    has_error: bool = False
    audited: int | None = None

    @property
    def mark(self) -> str:
        """The statement that announces it."""
        return f"select 'mark {self.client} {self.number}' from market.marks"


class Script:
    """The actions of one client, in order."""

    def __init__(self, client: str, connecting: tuple[str, ...] = ()) -> None:
        """Starts with what the client sends while it connects, of the given classes."""
        self.client = client
        self.actions = [Action(client, 0, "connect", executions=None, statement_class="session", noise=connecting)]

    def add(self, what: str, statement_class: str = "question", **details: object) -> Action:
        """Appends an action."""
        action = Action(self.client, len(self.actions), what, statement_class=statement_class, **details)
        self.actions.append(action)
        return action

    def statement(self, statement: Statement, **details: object) -> Action:
        """Appends the execution of a statement."""
        parameters = [as_text(value) for value in statement.parameters]
        has_error = statement.statement_class == "failed"
        return self.add(statement.sql, statement.statement_class, parameters=parameters, has_error=has_error, **details)


def as_text(value: object) -> str | None:
    """Returns a parameter as PostgreSQL's own text of it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list):
        quoted = ['"{}"'.format(str(item).replace("\\", "\\\\").replace('"', '\\"')) for item in value]
        return "{" + ",".join(quoted) + "}"
    return str(value)


def write_truth(path: Path, actions: Iterable[Action]) -> None:
    """Writes the actions, one a line."""
    lines = "".join(json.dumps(asdict(action), ensure_ascii=False) + "\n" for action in actions)
    path.write_bytes(gzip.compress(lines.encode(), mtime=0))


def read_truth(path: Path) -> list[Action]:
    """Reads the actions of a recording."""
    return [Action(**json.loads(line)) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
