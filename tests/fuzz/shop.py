"""Two people with a past, whose keys are fuzzed, and what tells them apart in an answer."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import limits
from accounts.models import Mode, User
from catalog.models import Country, Service, Supplier
from orders.actions import (
    OrderRequest,
    advance_due_orders,
    cancel_order,
    finish_order,
    place_order,
    poll_supplier,
)
from orders.models import Order, OrderMessage
from tests import cast
from wallet.actions import open_wallet
from wallet.models import Transfer
from webhooks.actions import create_endpoint, send_test
from webhooks.models import Delivery, Endpoint, Event

# A service in the sandbox and how many seconds ago it was bought: orders in every state, and most
# of those with which something can still be done.
_BOUGHT = [
    ("whatsapp", 1),
    ("whatsapp", 60),
    ("test-slow", 1),
    ("test-cancel-race", 5),
    ("test-early-cancel", 1),
    ("test-late-code", 90),
    *[("test-no-code", 5)] * 6,
    *[("test-resend", 60)] * 6,
] * 2
_LIVE_AGE = 300
_WEBHOOKS = 12


@dataclass(frozen=True)
class Holder:
    """A person with a key in hand. `seen` is every id in the answers, with the call that got it."""

    name: str
    user: User
    mode: str
    key: str
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> tuple[str, ...]:
        """What stands in no answer to anybody else, whatever is asked."""
        return (self.user.email, private(self.name), _phones(self.name))

    def one_of(self, path: str) -> Order | Endpoint | Delivery:
        """Return something of theirs that this path of the document is about."""
        if not path.startswith("/webhooks/"):
            return Order.objects.filter(user=self.user, mode=self.mode)[0]
        endpoint = Endpoint.objects.for_account(self.user, self.mode).first()
        endpoint = endpoint or _listen(self.user, self.name, self.mode)
        if not path.startswith("/webhooks/deliveries/"):
            return endpoint
        return Delivery.objects.filter(endpoint=endpoint)[0]


# Who holds a key, for checks that see nothing but a call and its answer.
HOLDERS: dict[str, Holder] = {}


def private(name: str) -> str:
    return f"{name}-was-here"


def _phones(name: str) -> str:
    """How the numbers of this person's past begin; no supplier sells such numbers."""
    return {"alice": "+999111", "bob": "+999222"}[name]


def move_in(name: str, *, mode: Mode) -> Holder:
    """Open an account with a full wallet, orders in every state, and a key."""
    user = cast.open_account(name, plan="unlimited")
    for each in Mode:
        cast.give(user, 10**9, mode=each)
        _live(user, name, each)
    holder = Holder(name, user, mode, cast.key_for(user, mode=mode))
    HOLDERS[holder.key] = holder
    return holder


def _live(user: User, name: str, mode: Mode) -> None:
    now = timezone.now()
    for service, age in _BOUGHT:
        bought = (service, age) if mode == Mode.SANDBOX else ("whatsapp", _LIVE_AGE)
        _buy(user, mode, bought[0], now - timedelta(seconds=bought[1]))
    pass_time(now)
    orders = Order.objects.filter(user=user, mode=mode).order_by("pk")
    for number, order in enumerate(orders):
        order.phone_number = f"{_phones(name)}{number:06d}"
        order.save(update_fields=["phone_number"])
    OrderMessage.objects.filter(order__in=orders).update(text=private(name))
    if received := orders.filter(status="received").first():
        finish_order(received, by=user, now=now)
    for _ in range(_WEBHOOKS):
        _listen(user, name, mode)
    waiting = next(each for each in orders.filter(status="waiting") if each.can_cancel(now))
    cancel_order(waiting, by=user, reason=private(name), now=now)


def _listen(user: User, name: str, mode: str) -> Endpoint:
    """Register a webhook and send it something."""
    now, url = timezone.now(), f"https://8.8.8.8/{private(name)}"
    endpoint, _secret = create_endpoint(user=user, mode=mode, url=url, events=["*"], now=now)
    send_test(endpoint, now=now)
    return endpoint


def _buy(user: User, mode: Mode, service: str, now: datetime) -> None:
    request = OrderRequest(
        service=Service.objects.get(code=service), country=Country.objects.get(code="id")
    )
    place_order(request, user=user, mode=mode, now=now)


def pass_time(now: datetime) -> None:
    """Codes come and orders expire, as the workers see to; every rate bucket fills."""
    for supplier in Supplier.objects.all():
        poll_supplier(supplier, now=now)
    advance_due_orders(now=now)
    limits.forget_all()


def not_their_own(holder: Holder) -> dict[str, str]:
    """Return the ids that a holder's answers contained but should not, with the call of each."""
    by_prefix = defaultdict(list)
    for public_id in holder.seen:
        by_prefix[public_id.partition("_")[0]].append(public_id)
    own = {
        public_id for prefix, ids in by_prefix.items() for public_id in _own(holder, prefix, ids)
    }
    return {public_id: call for public_id, call in holder.seen.items() if public_id not in own}


def _own(holder: Holder, prefix: str, ids: list[str]) -> set[str]:
    wallet = open_wallet(user=holder.user, mode=holder.mode)
    owned: dict[str, QuerySet[Any]] = {
        "acc": User.objects.filter(pk=holder.user.pk),
        "ord": Order.objects.filter(user=holder.user, mode=holder.mode),
        "msg": OrderMessage.objects.filter(order__user=holder.user, order__mode=holder.mode),
        "txn": Transfer.objects.filter(Q(debit=wallet) | Q(credit=wallet)),
        "whk": Endpoint.objects.filter(user=holder.user, mode=holder.mode),
        "evt": Event.objects.filter(user=holder.user, mode=holder.mode),
        "dlv": Delivery.objects.for_account(holder.user, holder.mode),
    }
    assert prefix in owned, f"nobody knows whose {ids[0]} is"
    return set(owned[prefix].filter(public_id__in=ids).values_list("public_id", flat=True))
