"""Everything that happened with one order, in words, in the order in which it happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from ulid import ULID

from nexotp.lib.amounts import amount_text
from nexotp.lib.logs import redact
from office.models import Approval, AuditEntry
from orders.models import Order, OrderMessage, PurchaseAttempt
from orders.states import AttemptState, Status
from wallet.models import Transfer
from webhooks.models import Delivery, Event
from webhooks.states import DeliveryState

# An event is told within this time of what it tells about.
_BEFORE, _AFTER = timedelta(seconds=5), timedelta(seconds=30)
_BAD = {
    *(AttemptState.UNKNOWN, AttemptState.ORPHANED, AttemptState.LOST, AttemptState.REVIEW),
    *(AttemptState.REFUSED, AttemptState.UNREACHABLE),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; `tone` is `good`, `bad`, `money`, `staff` or empty."""

    at: datetime
    title: str
    detail: str = ""
    tone: str = ""
    icon: str = "radio_button_unchecked"
    link: str = ""
    after: str = ""


def timeline(order: Order) -> list[Happening]:
    """Return what happened, the oldest first, each with how long after the order it was."""
    attempts = list(order.attempts.select_related("supplier").order_by("pk"))
    messages = list(order.messages.order_by("pk"))
    entries = AuditEntry.objects.filter(
        Q(subject=Order._meta.db_table, row_id=str(order.pk))
        | Q(
            subject=PurchaseAttempt._meta.db_table,
            row_id__in=[str(attempt.pk) for attempt in attempts],
        )
    ).select_related("by")
    found = [
        *_of_order(order),
        *(each for attempt in attempts for each in _of_attempt(attempt)),
        *map(_of_message, messages),
        *map(_of_transfer, Transfer.objects.filter(order_id=order.pk).select_related("by")),
        *_of_webhooks(order, messages),
        *map(_of_entry, entries),
        *map(_of_question, Approval.objects.filter(order=order).select_related("asked_by")),
    ]
    found.sort(key=attrgetter("at"))
    return [_since(order.created_at, each) for each in found]


def _since(beginning: datetime, what: Happening) -> Happening:
    seconds = (what.at - beginning).total_seconds()
    if seconds < 1:
        after = ""
    elif seconds < 120:
        after = _("+%(n)d s") % {"n": seconds}
    elif seconds < 7200:
        after = _("+%(n)d min") % {"n": seconds // 60}
    else:
        after = _("+%(n)d h") % {"n": seconds // 3600}
    return Happening(what.at, what.title, what.detail, what.tone, what.icon, what.link, after=after)


def _of_order(order: Order) -> Iterator[Happening]:
    words = {
        "service": order.service,
        "country": order.country,
        "price": amount_text(order.price, order.currency),
    }
    title = _("Ordered: %(service)s, %(country)s, for %(price)s") % words
    yield Happening(order.created_at, title, icon="shopping_cart")
    if order.resend_requested_at:
        yield Happening(order.resend_requested_at, _("Another code was asked for"), icon="replay")
    if order.number_reported_at:
        title = _("The number was reported as used before")
        yield Happening(order.number_reported_at, title, tone="bad", icon="report")
    if order.closing_since and order.closing_as:
        asked = (
            _("Its time was over; closing begins")
            if order.closing_as == Status.EXPIRED
            else _("A cancel was asked for; closing begins")
        )
        yield Happening(order.closing_since, asked, order.closing_reason, icon="hourglass_bottom")
    if order.closed_at:
        tone = "good" if order.status == Status.SUCCESS else "bad"
        ended = _("Ended: %(status)s") % {"status": order.get_status_display()}
        yield Happening(order.closed_at, ended, redact(order.failure), tone=tone, icon="flag")


def _of_attempt(attempt: PurchaseAttempt) -> Iterator[Happening]:
    words = {
        "supplier": attempt.supplier,
        "cost": amount_text(attempt.cost, attempt.currency),
        "goods": f"{attempt.supplier_service}, {attempt.supplier_country}",
    }
    link = reverse("admin:orders_purchaseattempt_change", args=[attempt.pk])
    title = _("%(supplier)s was asked for a number (%(goods)s, %(cost)s)") % words
    yield Happening(attempt.sent_at, title, icon="call_made", link=link)
    if attempt.answered_at:
        state = AttemptState(attempt.state)
        title = _("%(supplier)s answered; the purchase now stands as: %(state)s") % {
            "supplier": attempt.supplier,
            "state": attempt.get_state_display(),
        }
        detail = " · ".join(filter(None, [attempt.reference, redact(attempt.error)]))
        tone = "bad" if state in _BAD else "good"
        yield Happening(attempt.answered_at, title, detail, tone, "call_received", link)
    if attempt.returned_at:
        title = _("%(supplier)s gave the cost back") % {"supplier": attempt.supplier}
        yield Happening(attempt.returned_at, title, tone="money", icon="undo", link=link)


def _of_message(message: OrderMessage) -> Happening:
    title = (
        _("A message came after the end; it was neither shown nor charged")
        if message.is_late
        else _("A message came: %(code)s") % {"code": message.code or _("no code in it")}
    )
    tone = "bad" if message.is_late else "good"
    return Happening(message.received_at, title, message.text, tone, "sms")


def _of_transfer(transfer: Transfer) -> Happening:
    title = _("%(kind)s: %(amount)s") % {
        "kind": transfer.get_kind_display(),
        "amount": amount_text(transfer.amount, transfer.currency),
    }
    detail = " · ".join(filter(None, [str(transfer.by or ""), transfer.reason]))
    link = reverse("admin:wallet_transfer_change", args=[transfer.pk])
    return Happening(transfer.created_at, title, detail, "money", "payments", link)


def _of_webhooks(order: Order, messages: list[OrderMessage]) -> Iterator[Happening]:
    """Events about this order; they are found by time, since they name it only in their bytes."""
    moments = [order.created_at, order.closed_at, order.updated_at, order.closing_since]
    moments += [message.received_at for message in messages]
    near = Q(pk__in=[])
    for moment in filter(None, moments):
        first, last = (
            f"evt_{str(ULID.from_datetime(at))[:10]}" for at in (moment - _BEFORE, moment + _AFTER)
        )
        near |= Q(public_id__gte=first, public_id__lte=f"{last}Z")
    events = Event.objects.filter(near, user=order.user_id, mode=order.mode).prefetch_related(
        Prefetch("delivery_set", Delivery.objects.select_related("endpoint"))
    )
    named = order.public_id.encode()
    for event in events:
        if named in bytes(event.payload):
            for delivery in event.delivery_set.all():
                yield _of_delivery(event, delivery)


def _of_delivery(event: Event, delivery: Delivery) -> Happening:
    title = _("Webhook %(event)s: %(state)s") % {
        "event": event.type,
        "state": delivery.get_state_display(),
    }
    tone = "" if delivery.state in {DeliveryState.QUEUED, DeliveryState.DELIVERED} else "bad"
    link = reverse("admin:webhooks_delivery_change", args=[delivery.pk])
    return Happening(event.created_at, title, delivery.endpoint.url, tone, "webhook", link)


def _of_entry(entry: AuditEntry) -> Happening:
    link = reverse("admin:office_auditentry_change", args=[entry.pk])
    detail = " · ".join(filter(None, [str(entry.by or ""), entry.reason]))
    return Happening(entry.at, entry.get_act_display(), detail, "staff", "person", link)


def _of_question(approval: Approval) -> Happening:
    title = _("A refund waits for approval") if approval.is_pending else _("A refund was asked for")
    link = reverse("admin:office_approval_change", args=[approval.pk])
    detail = f"{approval.asked_by} · {approval.reason}"
    return Happening(approval.asked_at, title, detail, "staff", "how_to_reg", link)
