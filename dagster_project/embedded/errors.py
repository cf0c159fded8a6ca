"""The one error of the embedded warehouse; its message is a sentence that says what to do."""


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be found, created, started or stopped."""
