"""The one error of the warehouse; its message is a sentence that says what to do and never holds a password."""


class WarehouseError(Exception):
    """The warehouse cannot be reached, is not fit, or is not set up."""
