"""The one error of the services; its message is a sentence that says what to do."""


class ServiceError(Exception):
    """A service cannot be started or stopped, or the state folder cannot be removed."""
