"""What came to a number, and what its buyer does with it.

A message is stored once, and the first one earns the held price in the same transaction.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.pace import paced
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from orders.actions.buying import SupplierUnavailable
from orders.actions.following import OwnedByAnother, follow
from orders.actions.telling import tell_customer
from orders.crashes import crash_point
from orders.models import Order, OrderMessage, PurchaseAttempt
from orders.states import FINAL, AttemptState, Status
from suppliers.base import (
    Activation,
    ActivationState,
    OutcomeUnknown,
    ReceivedMessage,
    Refused,
    SupplierError,
)
from suppliers.base import Supplier as SupplierClient
from wallet.actions import capture_price, record_cost

logger = structlog.get_logger(__name__)


class OrderNotActive(Problem):
    code = "order_not_active"
    message = _("The order has ended or has no code yet.")
    example_details = {"status": "waiting"}


class ResendNotSupported(Problem):
    code = "resend_not_supported"
    message = _("This number cannot receive another code.")


@transaction.atomic
def record_activation(
    attempt_id: int, activation: Activation, *, read_at: datetime, now: datetime
) -> bool:
    """Store an activation's new messages; the first one of an order earns its price.

    `read_at` is when the supplier was asked: what was read before a resend says nothing about it.
    Returns whether there was anything new.
    """
    attempt = PurchaseAttempt.objects.get(pk=attempt_id)
    order = Order.objects.locked(attempt.order_id)
    stored = list(order.messages.values_list("fingerprint", "code", "text"))
    known = {fingerprint for fingerprint, _code, _text in stored}
    fresh = [
        (fingerprint, message)
        for fingerprint, message in _fingerprinted(activation.messages).items()
        if fingerprint not in known
        and not any(_is_half_of(message, code, text) for _fingerprint, code, text in stored)
    ]
    if not fresh and (repeated := _repeated(order, activation, known, read_at=read_at)):
        fresh = [repeated]
    if order.resend_requested_at is None or read_at > order.resend_requested_at:
        # Otherwise the same text, come once more, would look like what was seen before.
        PurchaseAttempt.objects.filter(pk=attempt_id).update(seen=digest(activation))
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
        tell_customer(order, now=now, message_count=len(fresh))
        return True
    order.move(
        Status.RECEIVED, now=now, received_at=now, next_action_at=order.expires_at, **arrived
    )
    tell_customer(order, now=now, message_count=len(fresh))
    capture_price(order.money)
    if attempt.cost:
        record_cost(order.money, cost=attempt.cost, currency=attempt.currency)
    crash_point("captured")
    return True


def _fingerprinted(messages: Iterable[ReceivedMessage]) -> dict[str, ReceivedMessage]:
    """Name each message so that it is stored once: by its id, else by text, time and position.

    Never by the code alone: a resend may bring the same digits again.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    named = {}
    for message in messages:
        if message.message_id:
            content: tuple[str, ...] = ("id", message.message_id)
        else:
            time = message.received_at.isoformat() if message.received_at else ""
            content = ("text", message.text or message.code or "", time)
            seen[content] += 1
            content = (*content, str(seen[content]))
        named[_hash(content)] = message
    return named


def _is_half_of(message: ReceivedMessage, code: str | None, text: str) -> bool:
    """Whether this is a stored message once more, of which one read gave the text and one did not.

    A supplier without ids may give the text in its list and only the code in a single read.
    """
    is_half = bool(message.text) != bool(text)
    return is_half and not message.message_id and code is not None and message.code == code


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


def digest(activation: Activation) -> str:
    """Return a short name for all that a poll could see change."""
    parts = [str(activation.state)]
    for message in activation.messages:
        parts += [message.message_id, message.code or "", message.text, str(message.received_at)]
    return _hash(tuple(parts))


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def resend_code(order: Order, *, now: datetime) -> Order:
    """Ask the supplier for another code on the same number; asking twice asks for one.

    Raises OrderNotActive, ResendNotSupported, SupplierUnavailable.
    """
    order = Order.objects.get(pk=order.pk)
    attempt = order.attempts.select_related("supplier").filter(state=AttemptState.BOUGHT).first()
    if order.status != Status.RECEIVED or order.seconds_left(now) == 0 or attempt is None:
        raise OrderNotActive(details={"status": order.public_status})
    if not order.can_resend:
        raise ResendNotSupported
    client = attempt.supplier.client()
    release_connection()
    try:
        with paced(client):
            reference = _ask_resend(client, attempt, order.phone_number, now=now)
    except Refused as refusal:
        raise ResendNotSupported from refusal
    except SupplierError as failure:
        raise SupplierUnavailable(_("The provider did not answer. Try again.")) from failure
    crash_point("resent")
    try:
        return _await_another(order, attempt, reference, now=now)
    except (OwnedByAnother, IntegrityError):
        raise SupplierUnavailable from None


def _ask_resend(
    client: SupplierClient, attempt: PurchaseAttempt, phone_number: str, *, now: datetime
) -> str:
    """Ask, and where that is refused or unanswered, see whether it is being done all the same.

    Raises SupplierError.
    """
    reference = attempt.reference
    try:
        return client.resend(reference, now=now)
    except (Refused, OutcomeUnknown):
        if client.status(reference, now=now).state == ActivationState.WAITING:
            return reference
        if other := _went_on_as(client, attempt, phone_number):
            return other
        raise


def _went_on_as(client: SupplierClient, attempt: PurchaseAttempt, phone_number: str) -> str:
    """Return the activation that the same number has for the same goods, if there is another."""
    if not client.has_active_list:
        return ""
    goods = attempt.supplier_service, attempt.supplier_country
    return next(
        (
            each.reference
            for each in client.active()
            if each.phone_number == phone_number
            and each.reference != attempt.reference
            and each.goods is not None
            and (each.goods.service, each.goods.country) == goods
        ),
        "",
    )


@transaction.atomic
def _await_another(
    order: Order, attempt: PurchaseAttempt, reference: str, *, now: datetime
) -> Order:
    locked = Order.objects.locked(order.pk)
    followed = follow(locked, attempt, reference, now=now)
    is_there = locked.message_count != order.message_count
    if locked.status != Status.RECEIVED or is_there or locked.resend_requested_at:
        return locked
    # What was read before this moment cannot be the new code, and what is read from now on is
    # one even where it looks the same.
    PurchaseAttempt.objects.filter(pk=followed.pk).update(seen="")
    locked.note_change(now=now, resend_requested_at=timezone.now())
    return locked


@transaction.atomic
def finish_order(order: Order, *, by: User | None, now: datetime) -> Order:
    """End a received order as a success; the supplier is told by the sweep.

    Raises OrderNotActive.
    """
    order = Order.objects.locked(order.pk)
    if order.status != Status.RECEIVED:
        raise OrderNotActive(details={"status": order.public_status})
    order.move(Status.SUCCESS, now=now)
    tell_customer(order, now=now)
    order.attempts.filter(state=AttemptState.BOUGHT).update(next_action_at=now)
    logger.info("order finished", order=order.public_id, by=by.pk if by else None)
    crash_point("finishing")
    return order
