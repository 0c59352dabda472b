"""Who may write many of a supplier's offers at once: one at a time, so that none waits for two.

The lock is PostgreSQL's and ends with the transaction. Purchases neither take it nor wait for it.
"""

from django.db import connection

from catalog.models import Supplier

# Our corner of the numbers that advisory locks share.
_OFFERS = 0x4E58 << 40


def lock_offers(supplier: Supplier) -> None:
    """Wait for whoever writes there now, as long as one waits for locks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_OFFERS + supplier.pk])


def try_lock_offers(supplier: Supplier) -> bool:
    """Take the lock if it is free; return whether it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_OFFERS + supplier.pk])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)
