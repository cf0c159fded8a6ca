"""What can go wrong with a user's file of pairs. Raised in this package, told by its command line."""


class ImportFileError(ValueError):
    """A file of pairs cannot be read; the message says what to do."""


class ExportError(ValueError):
    """The corpus cannot be exported; the message says what to do."""
