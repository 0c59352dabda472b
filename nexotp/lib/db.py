"""Two things every path that leaves the house must do about its database connection."""

from django.db import connection


class NetworkInsideTransaction(RuntimeError):
    """Somebody is about to wait for a stranger's server while holding row locks."""


def release_connection() -> None:
    """Give the pooled connection back before a call that may take seconds.

    Raises NetworkInsideTransaction when a transaction is open.
    """
    if connection.in_atomic_block:
        raise NetworkInsideTransaction
    connection.close()
