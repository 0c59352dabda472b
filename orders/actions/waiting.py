"""Learning what came to a number: one poll for all of a supplier's open orders.

A message is stored once, and the first one earns the held price in the same transaction.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.actions import note_supplier_answer, note_supplier_failure
from catalog.models import Supplier
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from orders.actions.placing import SupplierUnavailable
from orders.crashes import crash_point
from orders.models import (
    FINAL,
    AttemptState,
    Order,
    OrderMessage,
    PurchaseAttempt,
    Status,
)
from suppliers.base import (
    Activation,
    ActivationState,
    ReceivedMessage,
    Refused,
    SupplierError,
)
from suppliers.base import Supplier as SupplierClient
from wallet.actions import capture_price, record_cost

logger = structlog.get_logger(__name__)

_POLL_LEASE = timedelta(seconds=30)
# A number bought while the list was being read may be missing from it.
_LIST_DELAY = timedelta(seconds=5)
# Missing from the list is only a hint: so many are confirmed by a single read in one poll, …
_MOST_SINGLE_READS = 20
# … each at most this often.
_SINGLE_READ_PAUSE = timedelta(seconds=20)


class OrderNotActive(Problem):
    code = "order_not_active"
    message = _("The order has ended or has no code yet.")


class ResendNotSupported(Problem):
    code = "resend_not_supported"
    message = _("This number cannot receive another code.")


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll did; `requests` counts calls to the supplier."""

    open_count: int = 0
    changed: int = 0
    requests: int = 0


def poll_supplier(supplier: Supplier, *, now: datetime) -> PollResult | None:
    """Ask a supplier for all open orders at once and record what changed.

    Returns None when somebody else polls it at this moment. Never raises for a supplier's faults:
    the next poll is a few seconds away.
    """
    free = Q(poll_lease_until=None) | Q(poll_lease_until__lte=now)
    if not Supplier.objects.filter(free, pk=supplier.pk).update(poll_lease_until=now + _POLL_LEASE):
        return None
    try:
        if not PurchaseAttempt.objects.open_at(supplier).exists():
            return PollResult()
        client = supplier.client()
        if client.has_active_list:
            return _poll_list(supplier, client, now=now)
        return _poll_each(supplier, client, now=now)
    except SupplierError as failure:
        logger.warning("poll failed", supplier=supplier.code, error=str(failure))
        if not isinstance(failure, Refused):
            note_supplier_failure(supplier, now=now)
        return PollResult(requests=1)
    finally:
        Supplier.objects.filter(pk=supplier.pk).update(poll_lease_until=None)


def _poll_list(supplier: Supplier, client: SupplierClient, *, now: datetime) -> PollResult:
    release_connection()
    listed = {activation.reference: activation for activation in client.active()}
    note_supplier_answer(supplier)
    waiting = PurchaseAttempt.objects.open_at(supplier).values_list(
        "pk", "reference", "seen", "sent_at", "checked_at"
    )
    open_count, changed, missing = 0, 0, []
    for pk, reference, seen, sent_at, checked_at in waiting:
        open_count += 1
        activation = listed.get(reference)
        if activation is None:
            if sent_at < now - _LIST_DELAY and (
                checked_at is None or checked_at < now - _SINGLE_READ_PAUSE
            ):
                missing.append((checked_at or sent_at, pk, reference))
        elif _digest(activation) != seen:
            record_activation(pk, activation, read_at=now, now=now)
            changed += 1
    hints = sorted(missing)[:_MOST_SINGLE_READS]
    for _since, pk, reference in hints:
        release_connection()
        changed += _read_one(pk, client.status(reference, now=now), now=now)
    return PollResult(open_count, changed, requests=1 + len(hints))


def _poll_each(supplier: Supplier, client: SupplierClient, *, now: datetime) -> PollResult:
    waiting = list(PurchaseAttempt.objects.open_at(supplier).values_list("pk", "reference", "seen"))
    release_connection()
    changed = 0
    for pk, reference, seen in waiting:
        activation = client.status(reference, now=now)
        if _digest(activation) != seen:
            record_activation(pk, activation, read_at=now, now=now)
            changed += 1
    return PollResult(len(waiting), changed, requests=len(waiting))


def _read_one(attempt_id: int, activation: Activation, *, now: datetime) -> bool:
    """Take the answer about an activation that the list left out."""
    PurchaseAttempt.objects.filter(pk=attempt_id).update(checked_at=now)
    if activation.messages:
        return record_activation(attempt_id, activation, read_at=now, now=now)
    if activation.state in {ActivationState.CANCELLED, ActivationState.CLOSED}:
        # Closed upstream before its time: closing asks again and settles.
        return bool(
            Order.objects.filter(attempts=attempt_id, status=Status.WAITING).update(
                expires_at=now, next_action_at=now
            )
        )
    return False


@transaction.atomic
def record_activation(
    attempt_id: int, activation: Activation, *, read_at: datetime, now: datetime
) -> bool:
    """Store an activation's new messages; the first one of an order earns its price.

    `read_at` is when the supplier was asked: what was read before a resend says nothing about it.
    Returns whether there was anything new.
    """
    attempt = PurchaseAttempt.objects.select_related("supplier").get(pk=attempt_id)
    order = Order.objects.locked(attempt.order_id)
    known = set(order.messages.values_list("fingerprint", flat=True))
    fresh = [
        (fingerprint, message)
        for fingerprint, message in _fingerprinted(activation.messages)
        if fingerprint not in known
    ]
    if not fresh and (repeated := _repeated(order, activation, known, read_at=read_at)):
        fresh = [repeated]
    PurchaseAttempt.objects.filter(pk=attempt_id).update(
        seen=_digest(activation), checked_at=read_at
    )
    if not fresh:
        return False
    is_late = order.status in FINAL
    OrderMessage.objects.bulk_create(
        [
            OrderMessage(
                order=order,
                public_id=new_id("msg"),
                fingerprint=fingerprint,
                code=message.code[:40] if message.code else None,
                text=message.text[:2000],
                sender=message.sender[:60],
                is_late=is_late,
                received_at=message.received_at or now,
            )
            for fingerprint, message in fresh
        ]
    )
    if is_late:
        logger.warning("late message", order=order.public_id, status=order.status)
        return True
    arrived = {"message_count": order.message_count + len(fresh), "resend_requested_at": None}
    if order.status == Status.RECEIVED:
        order.note_change(now=now, **arrived)
        return True
    order.move(
        Status.RECEIVED, now=now, received_at=now, next_action_at=order.expires_at, **arrived
    )
    capture_price(order.money)
    if attempt.cost:
        record_cost(order.money, cost=attempt.cost, currency=attempt.currency)
    crash_point("captured")
    return True


def _fingerprinted(messages: Iterable[ReceivedMessage]) -> list[tuple[str, ReceivedMessage]]:
    """Name each message so that it is stored once: by its id, else by text, time and position.

    Never by the code alone: a resend may bring the same digits again.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    named = []
    for message in messages:
        if message.message_id:
            content: tuple[str, ...] = ("id", message.message_id)
        else:
            time = message.received_at.isoformat() if message.received_at else ""
            content = ("text", message.text or message.code or "", time)
            seen[content] += 1
            content = (*content, str(seen[content]))
        named.append((_hash(content), message))
    return named


def _repeated(
    order: Order, activation: Activation, known: set[str], *, read_at: datetime
) -> tuple[str, ReceivedMessage] | None:
    """Return the last message as a new one, if a resend brought the same text once more."""
    if (
        order.resend_requested_at is None
        or read_at <= order.resend_requested_at
        or activation.state != ActivationState.RECEIVED
        or not activation.messages
        or activation.messages[-1].message_id
    ):
        return None
    message = activation.messages[-1]
    return _hash(("again", str(len(known)), message.text)), message


def _digest(activation: Activation) -> str:
    """Return a short name for all that a poll could see change."""
    parts = [str(activation.state)]
    for message in activation.messages:
        parts += [message.message_id, message.code or "", message.text, str(message.received_at)]
    return _hash(tuple(parts))


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def resend_code(order: Order, *, now: datetime) -> Order:
    """Ask the supplier for another code on the same number.

    Raises OrderNotActive, ResendNotSupported, SupplierUnavailable.
    """
    if order.status != Status.RECEIVED or order.seconds_left(now) == 0:
        raise OrderNotActive(details={"status": order.public_status})
    if not order.can_resend:
        raise ResendNotSupported
    attempt = order.attempts.select_related("supplier").get(state=AttemptState.BOUGHT)
    client = attempt.supplier.client()
    release_connection()
    try:
        reference = client.resend(attempt.reference, now=now)
    except Refused as refusal:
        raise ResendNotSupported from refusal
    except SupplierError as failure:
        raise SupplierUnavailable(_("The provider did not answer. Try again.")) from failure
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        PurchaseAttempt.objects.filter(pk=attempt.pk).update(reference=reference, seen="")
        if order.status == Status.RECEIVED:
            # What was read before this moment cannot be the new code.
            order.note_change(now=now, resend_requested_at=timezone.now())
    return order


@transaction.atomic
def finish_order(order: Order, *, by: User | None, now: datetime) -> Order:
    """End a received order as a success; the supplier is told by the sweep.

    Raises OrderNotActive.
    """
    order = Order.objects.locked(order.pk)
    if order.status != Status.RECEIVED:
        raise OrderNotActive(details={"status": order.public_status})
    order.move(Status.SUCCESS, now=now)
    order.attempts.filter(state=AttemptState.BOUGHT).update(next_action_at=now)
    logger.info("order finished", order=order.public_id, by=by.pk if by else None)
    return order
