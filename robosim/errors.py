"""The base of every error that robosim raises on purpose. What only one module raises is defined there."""


class RobosimError(ValueError):
    """An error a user can mend: its message names the value, what is allowed and where the value came from.

    The commands print it as one line without a traceback; every other exception is a bug and keeps its own.
    """
