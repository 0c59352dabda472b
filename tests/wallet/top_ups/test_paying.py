"""Paying at a gateway: whatever is lost, late or doubled, the money is credited exactly once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from orders.reports import audit_ledger
from tests import cast
from tests.wallet.top_ups import scenes
from wallet.actions import (
    GatewayAway,
    TopUpNotCancellable,
    approve_top_up,
    cancel_top_up,
    check_due_payments,
    check_payment,
    note_hint,
    note_return,
    reject_top_up,
    start_payment,
)
from wallet.gateways.simulator.server import GatewayServer
from wallet.models import PaymentMethod, TopUp, Transfer
from wallet.states import Review, TopUpState

pytestmark = pytest.mark.usefixtures("committed")


def credits(user: User) -> list[int]:
    rows = Transfer.objects.filter(kind="top_up", credit__owner=user).order_by("pk")
    return list(rows.values_list("amount", flat=True))


def sweep() -> None:
    while check_due_payments(now=timezone.now()):
        pass


def later(top_up: TopUp, **by: int) -> None:
    """Sweep as if so much time had passed."""
    while check_due_payments(now=timezone.now() + timedelta(**by)):
        pass


def test_a_lost_callback_is_found_by_the_sweep(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)

    later(top_up, seconds=30)

    top_up = scenes.fresh(top_up)
    assert (top_up.state, top_up.credited) == (TopUpState.CONFIRMED, 100_000)
    assert cast.balance(poor) == 100_000
    assert Transfer.objects.get(kind="top_up").reference == f"topup:{top_up.public_id}"
    assert audit_ledger() == []


def test_reading_again_and_again_credits_once(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)

    for _time in range(3):
        check_payment(top_up, now=timezone.now())

    assert credits(poor) == [100_000]


def test_an_unpaid_payment_stays_open_and_is_asked_about_less_and_less(
    poor: User, online: PaymentMethod
) -> None:
    now = timezone.now()
    top_up = scenes.started(poor, online, now=now)

    pauses = []
    for minutes in (0, 11, 59):
        moment = now + timedelta(minutes=minutes)
        TopUp.objects.filter(pk=top_up.pk).update(expires_at=now + timedelta(hours=9))
        row = check_payment(scenes.fresh(top_up), now=moment)
        assert row.next_check_at is not None
        pauses.append((row.next_check_at - moment).total_seconds())

    assert row.state == TopUpState.PENDING
    assert pauses == [20, 60, 60]


def test_what_is_not_paid_in_time_expires(poor: User, online: PaymentMethod) -> None:
    top_up = scenes.long_ago(scenes.started(poor, online))

    sweep()

    top_up = scenes.fresh(top_up)
    assert top_up.state == TopUpState.EXPIRED
    assert top_up.next_check_at is not None, "money may still come"
    assert credits(poor) == []


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_money_that_comes_after_the_end_is_credited_and_told_by_mail(
    poor: User, online: PaymentMethod, gateway: GatewayServer, end: str
) -> None:
    top_up = scenes.started(poor, online)
    if end == "expired":
        scenes.long_ago(top_up)
        sweep()
    else:
        cancel_top_up(top_up, now=timezone.now())
    assert scenes.fresh(top_up).state == end
    gateway.books.faults["paid_after_expiry"] = 1

    scenes.paid(gateway, top_up)
    later(top_up, hours=2)

    top_up = scenes.fresh(top_up)
    assert top_up.state == TopUpState.CONFIRMED
    assert top_up.mail_due_at is not None
    assert credits(poor) == [100_000]
    assert audit_ledger() == []


def test_three_days_after_the_end_nobody_asks_any_more(poor: User, online: PaymentMethod) -> None:
    top_up = scenes.started(poor, online)
    cancel_top_up(top_up, now=timezone.now())

    later(top_up, days=4)

    assert scenes.fresh(top_up).next_check_at is None


def test_another_amount_waits_for_a_person_and_what_came_is_credited(
    poor: User, staff: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    gateway.books.faults["wrong_amount"] = 1
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)

    later(top_up, seconds=30)
    looked_at = scenes.fresh(top_up)
    assert (looked_at.review, looked_at.paid_amount) == (Review.WRONG_AMOUNT, 99_000)
    assert credits(poor) == []
    assert list(TopUp.objects.for_a_person()) == [looked_at]

    approve_top_up(looked_at, received=99_000, by=staff, now=timezone.now())

    assert credits(poor) == [99_000]
    assert list(TopUp.objects.for_a_person()) == []
    assert audit_ledger() == []


def test_a_rejected_payment_that_is_told_again_stays_rejected(
    poor: User, staff: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    gateway.books.faults["wrong_amount"] = 1
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)
    check_payment(top_up, now=timezone.now())
    reject_top_up(top_up, reason="sent back by bank", by=staff, now=timezone.now())

    row = check_payment(scenes.fresh(top_up), now=timezone.now())

    assert (row.state, row.review) == (TopUpState.REJECTED, "")


def test_a_lost_answer_is_asked_for_again_and_makes_one_payment(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    gateway.books.faults["lose_answer"] = 1
    top_up = scenes.opened(poor, online)
    where = {"return_url": "http://127.0.0.1:9/", "callback_url": scenes.NOWHERE}
    with pytest.raises(GatewayAway):
        start_payment(top_up, **where)
    gateway.books.faults.clear()

    start_payment(top_up, **where)

    assert top_up.payment_url
    assert len(gateway.books.bills) == 1


def test_a_gateway_that_is_away_delays_and_loses_nothing(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)
    gateway.books.faults["outage"] = 1
    later(top_up, seconds=30)
    assert scenes.fresh(top_up).state == TopUpState.PENDING

    gateway.books.faults.clear()
    later(top_up, minutes=2)

    assert credits(poor) == [100_000]


def test_a_payment_that_was_paid_before_the_cancel_is_credited(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)

    ended = cancel_top_up(top_up, now=timezone.now())

    assert ended.state == TopUpState.CONFIRMED
    assert credits(poor) == [100_000]


def test_what_has_ended_is_not_cancelled(poor: User, online: PaymentMethod) -> None:
    top_up = scenes.started(poor, online)
    cancel_top_up(top_up, now=timezone.now())

    with pytest.raises(TopUpNotCancellable):
        cancel_top_up(scenes.fresh(top_up), now=timezone.now())


def test_a_hint_during_a_reading_is_not_put_off(poor: User, online: PaymentMethod) -> None:
    now = timezone.now()
    top_up = scenes.started(poor, online)
    note_hint(top_up.public_id, now=now)

    # The reading began before the hint, and ends after it.
    row = check_payment(top_up, now=now)

    assert row.next_check_at == now


def test_a_hint_about_what_is_credited_leads_to_nothing(
    poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    scenes.paid(gateway, top_up)
    check_payment(top_up, now=timezone.now())

    assert not note_hint(top_up.public_id, now=timezone.now())


def test_a_buyer_who_looks_asks_not_too_often(poor: User, online: PaymentMethod) -> None:
    now = timezone.now()
    top_up = scenes.started(poor, online)
    assert note_return(top_up, now=now)
    row = check_payment(scenes.fresh(top_up), now=now)

    assert not note_return(row, now=now + timedelta(seconds=1))
    assert note_return(row, now=now + timedelta(seconds=5))
