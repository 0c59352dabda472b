"""What is left of our money at a supplier."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from catalog.models import Supplier
from catalog.pace import paced
from nexotp.lib.db import release_connection
from suppliers.base import SupplierError
from suppliers.witness import redacted, witnessed

# What a column holds.
_HIGHEST_BALANCE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TestCall:
    """How a supplier answered to being asked for the balance, in minor units of its currency.

    Without a balance there is an error. `answers` are what came back, cut and without secrets.
    """

    balance: int | None
    error: str
    seconds: float
    answers: list[str] = field(default_factory=list)


def refresh_balance(supplier: Supplier, *, now: datetime) -> None:
    """Remember what is left at the supplier. Raises SupplierError."""
    client = supplier.client()
    release_connection()
    with paced(client):
        balance = client.balance()
    Supplier.objects.filter(pk=supplier.pk).update(balance=balance, balance_at=now)


def call_for_test(supplier: Supplier, *, now: datetime) -> TestCall:
    """Ask the supplier for the balance as purchases would reach it, and tell what came of it.

    Never raises for what a supplier does; a balance that was read is remembered.
    """
    balance, error = None, ""
    began = time.monotonic()
    with witnessed() as exchanges:
        try:
            client = supplier.client()
            release_connection()
            with paced(client):
                balance = client.balance()
        except SupplierError as failure:
            error = f"{type(failure).__name__}: {failure}"
        except ValueError as failure:
            # An option that is no number, or a protocol that is not there any more.
            error = str(failure)
    seconds = time.monotonic() - began
    if balance is not None and abs(balance) > _HIGHEST_BALANCE:
        balance, error = None, "the balance is larger than any"
    if balance is not None:
        Supplier.objects.filter(pk=supplier.pk).update(balance=balance, balance_at=now)
    secret = supplier.api_key()
    answers = [
        f"{each.method} {each.host} → {each.status or '—'} {redacted(each.body, secret)}".rstrip()
        for each in exchanges
    ]
    return TestCall(balance, redacted(error.encode(), secret), seconds, answers)
