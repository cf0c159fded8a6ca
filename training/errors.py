"""The two ways a training command can fail; cli.py turns them into exit codes."""


class BadInput(Exception):
    """Something the user gave is wrong: the message is one sentence that says what to do (exit code 2)."""


class TrainingFailed(Exception):
    """A step that should have worked did not: the message is one sentence that says what to do (exit code 1)."""
