"""Scenes that a process of its own plays, to be killed in the middle of one.

Reads one scene a line as JSON, plays each in a fork that dies at the given crash point, and
answers with the fork's exit status.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable

import django

DIED = 137


def play(point: str, scene: str, arguments: list[int]) -> int:
    """Return the exit status of a process that plays a scene until it dies."""
    child = os.fork()
    if not child:
        os.environ["NEXOTP_CRASH_AT"] = point
        try:
            scenes()[scene](*arguments)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def scenes() -> dict[str, Callable[..., object]]:
    from accounts.models import User
    from orders.actions import (
        advance_due_orders,
        cancel_order,
        finish_order,
        resend_code,
        settle_due_attempts,
    )
    from orders.models import Order
    from tests import cast
    from tests.orders.sweeps import later, poll_all

    def cancel(order_id: int, seconds: int) -> None:
        order = Order.objects.get(pk=order_id)
        cancel_order(order, by=order.user, reason="", now=later(seconds))

    def finish(order_id: int) -> None:
        finish_order(Order.objects.get(pk=order_id), by=None, now=later(0))

    return {
        "buy": lambda user_id: cast.buy(User.objects.get(pk=user_id)),
        "cancel": cancel,
        "advance": lambda seconds: advance_due_orders(now=later(seconds)),
        "settle": lambda seconds: settle_due_attempts(now=later(seconds)),
        "poll": poll_all,
        "finish": finish,
        "resend": lambda order_id: resend_code(Order.objects.get(pk=order_id), now=later(0)),
    }


if __name__ == "__main__":
    django.setup()
    for line in sys.stdin:
        sys.stdout.write(f"{play(*json.loads(line))}\n")
        sys.stdout.flush()
