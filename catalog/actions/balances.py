"""What is left of our money at a supplier."""

from datetime import datetime

from catalog.models import Supplier
from catalog.pace import paced
from nexotp.lib.db import release_connection


def refresh_balance(supplier: Supplier, *, now: datetime) -> None:
    """Remember what is left at the supplier. Raises SupplierError."""
    client = supplier.client()
    release_connection()
    with paced(client):
        balance = client.balance()
    Supplier.objects.filter(pk=supplier.pk).update(balance=balance, balance_at=now)
