"""The supplier's truth against ours: what it sold, and who answers for it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from orders.models import Order, PurchaseAttempt
from suppliers.simulator.remote import RemoteSimulator

_GIVEN_BACK = {"cancelled", "timed_out", "banned", "refunded"}
_EARNED = {"received", "success"}


class Owned(NamedTuple):
    """An activation that an attempt of ours answers for."""

    reference: str
    state: str
    status: str
    codes: tuple[str, ...]


def disagreements(simulator: RemoteSimulator) -> list[str]:
    """Return every activation that is not owned, given back or booked; no line is the proof."""
    owned = [
        Owned(attempt.reference, attempt.state, attempt.order.status, _codes(attempt.order))
        for attempt in PurchaseAttempt.objects.exclude(reference="").select_related("order")
    ]
    return compare(simulator.activations(), owned)


def compare(activations: Iterable[dict[str, Any]], owned: Iterable[Owned]) -> list[str]:
    """Compare what was sold with who answers for it, one line for each that does not fit."""
    ours = {each.reference: each for each in owned}
    sold = {each["id"]: each for each in activations}
    wrong = [f"{reference}: never sold" for reference in ours.keys() - sold.keys()]
    for reference, number in sold.items():
        mine = ours.get(reference)
        is_given_back = number["state"] in _GIVEN_BACK
        if mine is None:
            fits = is_given_back
        elif mine.status in _EARNED:
            fits = not is_given_back and set(number["codes"]) >= set(mine.codes) != set()
        elif mine.state in {"lost", "review"}:
            fits = True
        elif mine.state in {"bought", "orphaned"}:
            fits = mine.status in {"waiting", "closing"} or mine.state == "orphaned"
        else:
            fits = mine.state == "cancelled" and is_given_back
        if not fits:
            wrong.append(f"{reference}: {number['state']} {number['codes']}, ours {mine}")
    return wrong


def _codes(order: Order) -> tuple[str, ...]:
    shown = order.messages.filter(is_late=False).values_list("code", flat=True)
    return tuple(code for code in shown if code)
