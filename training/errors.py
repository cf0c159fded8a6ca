"""The two ways a training command can fail. Raised by every module of the package's training half, turned into exit codes by cli.py."""


class BadInput(Exception):
    """Something the user gave is wrong: the message is one sentence that says what to do (exit code 2)."""


class TrainingFailed(Exception):
    """A step that should have worked did not: the message is one sentence that says what to do (exit code 1)."""
