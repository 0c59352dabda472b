"""What a customer reads about an order in the browser, in the language of the page."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nexotp.lib.amounts import amount_text
from orders.models import Order
from orders.states import AttemptState, Status

_HEADLINES = {
    Status.PURCHASING: gettext_lazy("Getting your number"),
    Status.WAITING: gettext_lazy("Waiting for the code"),
    Status.CLOSING: gettext_lazy("Ending the order"),
    Status.RECEIVED: gettext_lazy("Your code is here"),
    Status.SUCCESS: gettext_lazy("Finished"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
    Status.EXPIRED: gettext_lazy("No code came"),
    Status.FAILED: gettext_lazy("No number this time"),
}
_FAILURES: dict[str, "str | Promise"] = {
    AttemptState.REFUSED: gettext_lazy("the provider had no number left"),
    AttemptState.UNREACHABLE: gettext_lazy("the provider could not be reached"),
    AttemptState.UNKNOWN: gettext_lazy("the provider's answer was lost"),
}
# Most codes come within this many seconds; after that the page says what can be done.
_HELP_AFTER = 60
# A code may well be on its way to a number this young (seconds), so giving it up is asked about.
_YOUNG = 120
# Colors say it a second time: `good`, `busy`, `calm` or `bad`.
_TONES = {Status.RECEIVED: "good", Status.SUCCESS: "good", Status.FAILED: "bad"}


@dataclass(frozen=True, slots=True)
class Look:
    """An order as its page shows it at one moment."""

    headline: "str | Promise"
    status: "str | Promise"
    tone: str
    money: str
    local_number: str
    number_groups: list[str]
    lifetime: int
    seconds_left: int
    seconds_to_cancel: int
    # Until nothing has come for so long that help is due; 0 when it is, or where none is needed.
    seconds_to_help: int
    needs_help: bool
    # Whether the number still is, or was, any good to its buyer.
    is_of_use: bool
    can_cancel: bool
    asks_before_cancel: bool
    can_resend: bool
    can_finish: bool
    # Changes whenever anything but the clocks does, so that a page knows when to redraw.
    mark: str


def look_at(order: Order, *, now: datetime) -> Look:
    """Return what an order's page says."""
    can_cancel, can_resend = order.can_cancel(now), order.can_ask_resend(now)
    age = int((now - order.created_at).total_seconds())
    waits = order.status == Status.WAITING
    needs_help = waits and age >= _HELP_AFTER
    return Look(
        headline=_HEADLINES[Status(order.status)],
        status=status_label(order),
        tone=tone_of(order),
        money=_money_story(order),
        local_number=_local_number(order),
        number_groups=_number_groups(order),
        lifetime=_lifetime(order),
        seconds_left=order.seconds_left(now),
        seconds_to_cancel=_seconds_to_cancel(order, now),
        seconds_to_help=max(1, _HELP_AFTER - age) if waits and not needs_help else 0,
        needs_help=needs_help,
        is_of_use=order.is_open or order.is_charged,
        can_cancel=can_cancel,
        asks_before_cancel=can_cancel and age < _YOUNG,
        can_resend=can_resend,
        can_finish=order.can_finish(),
        mark=f"{order.version}{can_cancel:d}{can_resend:d}{needs_help:d}",
    )


def status_label(order: Order) -> "str | Promise":
    """Return the status in the words that the API shows, translated."""
    return Status(order.public_status).label


def tone_of(order: Order) -> str:
    """Return the color that goes with the status."""
    return _TONES.get(Status(order.status), "busy" if order.is_open else "calm")


def _money_story(order: Order) -> str:
    price = amount_text(order.price, order.currency)
    if order.is_charged:
        return _("%(price)s was charged, because a code came.") % {"price": price}
    match order.status:
        case Status.RECEIVED | Status.SUCCESS:
            return _("%(price)s was refunded by our support.") % {"price": price}
        case Status.CANCELLED if order.number_reported_at:
            return _(
                "You reported the number as used before: %(price)s is back in your wallet."
            ) % {"price": price}
        case Status.CANCELLED:
            return _("You cancelled before a code came: %(price)s is back in your wallet.") % {
                "price": price
            }
        case Status.EXPIRED:
            return _("No code came in time: %(price)s is back in your wallet.") % {"price": price}
        case Status.FAILED:
            return _("Nothing was charged: %(reason)s. %(price)s is back in your wallet.") % {
                "reason": _FAILURES.get(order.failure, _FAILURES[AttemptState.REFUSED]),
                "price": price,
            }
    return _("%(price)s is held. It is charged only if a code comes, else you get it back.") % {
        "price": price
    }


def _local_number(order: Order) -> str:
    """Return the number without its country's prefix; needs `order.country`."""
    return order.phone_number.removeprefix(order.country.prefix)


def _number_groups(order: Order) -> list[str]:
    """Return the number in groups that can be read aloud: the prefix, then threes and fours."""
    local = _local_number(order)
    prefix = order.phone_number.removesuffix(local)
    threes = (-len(local)) % 4
    if threes * 3 > len(local):
        threes = 0
    groups = [local[at * 3 : at * 3 + 3] for at in range(threes)]
    groups += [local[at : at + 4] for at in range(threes * 3, len(local), 4)]
    return [group for group in (prefix, *groups) if group]


def _seconds_to_cancel(order: Order, now: datetime) -> int:
    if order.status != Status.WAITING or order.cancel_available_at is None:
        return 0
    return max(0, -int((now - order.cancel_available_at).total_seconds() // 1))


def _lifetime(order: Order) -> int:
    """Return for how many seconds the number was rented."""
    if order.expires_at is None:
        return 0
    return max(1, int((order.expires_at - order.created_at).total_seconds()))
