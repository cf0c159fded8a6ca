"""What the ingest refuses. Raised by the modules of this package; the message says what to do."""


class AuditLogError(RuntimeError):
    """The log cannot be read as a whole: no file, an unknown format, no permission."""


class UnreadableRecord(ValueError):
    """One record cannot be read; its message is the stable reason that goes into quarantine (never its text)."""
