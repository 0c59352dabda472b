"""Our money at suppliers: what we paid in, how long it lasts, and whether the books agree.

A supplier has its price when a number is bought, our ledger has it when the order ends. So what a
balance should be is what was paid in, less all that the supplier has charged and not given back.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q, Sum

from accounts.models import Mode, User
from catalog.models import BALANCE_AGE, Supplier
from nexotp.lib.amounts import amount_text
from orders.actions.days import note_balance
from orders.models import AttemptQuerySet, PurchaseAttempt, StrayPurchase, StrayState, SupplierTopUp
from orders.states import AttemptState
from wallet.actions import record_prepayment

logger = structlog.get_logger(__name__)

_BURN_WINDOW = timedelta(days=1)
# An alert is given again only after the float has lasted this much longer than its limit.
_RELIEF = 1.2
# In these the supplier keeps the price, for now or for good.
_CHARGED = [
    *(AttemptState.BOUGHT, AttemptState.FINISHED, AttemptState.LOST),
    *(AttemptState.ORPHANED, AttemptState.REVIEW),
]


@transaction.atomic
def record_supplier_top_up(
    supplier: Supplier, *, amount: int, by: User | None, note: str, now: datetime
) -> SupplierTopUp:
    """Record money paid to a supplier, in minor units of its currency."""
    top_up = SupplierTopUp.objects.create(
        supplier=supplier,
        amount=amount,
        currency=supplier.currency,
        note=note[:200],
        by=by,
        created_at=now,
    )
    record_prepayment(
        top_up_id=top_up.pk,
        amount=amount,
        currency=supplier.currency,
        mode=supplier.mode,
        by=by,
        note=note,
    )
    return top_up


def watch_floats(*, now: datetime) -> list[str]:
    """See how long each balance lasts, and tell staff once when one falls too low."""
    told = []
    fresh = Supplier.objects.filter(mode=Mode.LIVE, balance_at__gt=now - BALANCE_AGE)
    for supplier in fresh.order_by("pk"):
        if supplier.balance is None:
            continue
        hours = _hours_left(supplier, now)
        Supplier.objects.filter(pk=supplier.pk).update(hours_left=hours)
        if hours is None or hours >= settings.SUPPLIER_FLOAT_HOURS * _RELIEF:
            Supplier.objects.filter(pk=supplier.pk).update(float_alerted_at=None)
        elif hours < settings.SUPPLIER_FLOAT_HOURS and _first_time(
            supplier, "float_alerted_at", now
        ):
            left = amount_text(supplier.balance, supplier.currency)
            told.append(f"{supplier.code}: {left} left, for {hours} hours")
    if told:
        _tell_staff("Supplier balance low", told)
    return told


def _hours_left(supplier: Supplier, now: datetime) -> int | None:
    spent = _charged(supplier).filter(sent_at__gte=now - _BURN_WINDOW, sent_at__lte=now)
    a_day = spent.aggregate(total=Sum("cost"))["total"]
    if not a_day or supplier.balance is None:
        return None
    return int(min(supplier.balance * 24 // a_day, 10**6))


def compare_balances(*, now: datetime) -> list[str]:
    """Compare each balance with what it should be, and tell staff once of one that is off.

    A supplier that no top-up was ever recorded for has no books to compare with.
    """
    told = []
    fresh = Supplier.objects.filter(mode=Mode.LIVE, balance_at__gt=now - BALANCE_AGE)
    for supplier in fresh.order_by("pk"):
        paid = SupplierTopUp.objects.filter(supplier=supplier).aggregate(n=Sum("amount"))["n"]
        if supplier.balance is None:
            continue
        if paid is None:
            note_balance(supplier, balance=supplier.balance, drift=None, now=now)
            continue
        drift = supplier.balance - expected_balance(supplier)
        Supplier.objects.filter(pk=supplier.pk).update(drift=drift)
        note_balance(supplier, balance=supplier.balance, drift=drift, now=now)
        if abs(drift) * 100 <= paid * settings.SUPPLIER_DRIFT_PERCENT:
            Supplier.objects.filter(pk=supplier.pk).update(drift_alerted_at=None)
        elif _first_time(supplier, "drift_alerted_at", now):
            off = amount_text(drift, supplier.currency)
            told.append(f"{supplier.code}: the balance differs from our books by {off}")
    if told:
        _tell_staff("Supplier balance differs from the books", told)
    return told


def expected_balance(supplier: Supplier) -> int:
    """What should be left of the money that we paid in."""
    paid = SupplierTopUp.objects.filter(supplier=supplier).aggregate(n=Sum("amount"))["n"] or 0
    charged = _charged(supplier).aggregate(n=Sum("cost"))["n"] or 0
    # One that was given to an order is among its purchases.
    loose = StrayPurchase.objects.filter(supplier=supplier).exclude(state=StrayState.ASSIGNED)
    strays = loose.aggregate(n=Sum("cost"))["n"] or 0
    return int(paid - charged - strays)


def _charged(supplier: Supplier) -> AttemptQuerySet:
    return PurchaseAttempt.objects.filter(
        Q(supplier=supplier, state__in=_CHARGED, returned_at=None) & ~Q(reference="")
    )


def _first_time(supplier: Supplier, field: str, now: datetime) -> bool:
    """Whether nobody was told yet; of several that ask at once, one is answered yes."""
    untold = Supplier.objects.filter(pk=supplier.pk, **{field: None})
    return bool(untold.update(**{field: now}))


def _tell_staff(subject: str, lines: list[str]) -> None:
    for line in lines:
        logger.error(subject, what=line)
    staff = User.objects.filter(is_staff=True, is_active=True)
    addresses = list(staff.values_list("email", flat=True))
    if addresses:
        send_mail(f"NexOTP: {subject}", "\n".join(lines), from_email=None, recipient_list=addresses)
