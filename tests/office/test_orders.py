"""Orders in the admin: found by what people name, told as a story, settled by hand."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from office.finding import find_orders
from office.models import Act, AuditEntry
from office.timeline import timeline
from orders.actions import (
    AttemptNotOpen,
    Outcome,
    OutcomeDoesNotFit,
    ReferenceTaken,
    advance_due_orders,
    decide_attempt,
    possible_outcomes,
)
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague, desk_of
from tests.together import all_at_once, kinds
from wallet.models import Transfer
from webhooks.actions import create_endpoint

pytestmark = pytest.mark.usefixtures("committed", "in_english")


@pytest.mark.parametrize(
    "named",
    [
        *("{order.public_id}", "{order.pk}", "#{order.pk}", " {order.public_id} "),
        *("+6281234567890", "6281234567890", "0812-3456-7890", "+62 812 3456 7890"),
        *("alice@example.test", "ALICE@", "{reference}", "req_4711"),
    ],
)
def test_an_order_is_found_by_whatever_it_is_named_with(
    named: str, alice: User, bob: User, alpha: Supplier
) -> None:
    order = cast.order_row(alice)
    other = cast.order_row(bob, phone_number="+628999999999")
    PurchaseAttempt.objects.create(
        order=order,
        supplier=alpha,
        state="finished",
        cost=1,
        currency="USD",
        reference="upstream-17",
        sent_at=timezone.now(),
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE wallet_transfer SET request_id = 'req_4711', order_id = %s", [order.pk]
        )
        cursor.execute("SET session_replication_role = origin")

    words = named.format(order=order, reference="upstream-17")

    found = find_orders(Order.objects.all(), words)
    assert order in found
    assert other not in found


@pytest.mark.parametrize("named", ["", "9" * 40, "nobody@", "🙂", "'; --", "req_none", "%"])
def test_nonsense_finds_nothing_and_breaks_nothing(named: str, staff: User) -> None:
    page = desk_of(staff).get(reverse("admin:orders_order_changelist"), {"q": named})

    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == 0


def test_a_list_of_orders_counts_nothing(staff: User, alice: User) -> None:
    cast.order_row(alice)
    desk = desk_of(staff)

    with CaptureQueriesContext(connection) as queries:
        desk.get(reverse("admin:orders_order_changelist"))

    assert not [q for q in queries if "COUNT(" in q["sql"] and '"orders_order"' in q["sql"]]


def test_the_story_of_an_order(received: Order, staff: User) -> None:
    desk = desk_of(staff)
    desk.post(reverse("admin:orders_order_refund", args=[received.pk]), {"reason": "too late"})
    received.refresh_from_db()

    told = timeline(received)

    titles = [each.title for each in told]
    assert titles[0] == "Ordered: WhatsApp, Indonesia, for Rp\N{NO-BREAK SPACE}" + titles[0][-5:]
    for part in ("alpha was asked", "alpha answered", "A message came: 4711", "Code received"):
        assert any(part in title for title in titles), part
    assert any("Goodwill refund" in title for title in titles)
    assert any(each.tone == "staff" and "too late" in each.detail for each in told)
    assert [each.at for each in told] == sorted(each.at for each in told)
    page = desk.get(reverse("admin:orders_order_change", args=[received.pk]))
    assert b"office-timeline" in page.content


def test_webhooks_are_in_the_story(alice: User, simulator: RemoteSimulator) -> None:
    create_endpoint(
        user=alice, mode="live", url="https://hooks.example.com/x", events=["*"], now=timezone.now()
    )
    order = cast.buy(alice)
    other = cast.buy(alice)

    told = [each for each in timeline(order) if each.icon == "webhook"]

    assert [each.title for each in told] == ["Webhook order.waiting: Queued"]
    assert len([each for each in timeline(other) if each.icon == "webhook"]) == 1


def test_a_check_reads_the_number_now(
    alice: User, simulator: RemoteSimulator, colleague: Colleague
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, code="4711")
    desk = desk_of(colleague("support"))

    desk.get(reverse("admin:orders_order_check_now", args=[order.pk]))
    order.refresh_from_db()
    assert order.status == Status.WAITING, "a link alone changes nothing"
    desk.post(reverse("admin:orders_order_check_now", args=[order.pk]), {"reason": "asked"})

    order.refresh_from_db()
    assert order.status == Status.RECEIVED
    assert AuditEntry.objects.get(act=Act.CHECKED).row_id == str(order.pk)
    assert audit_ledger() == []


# ---- by hand ------------------------------------------------------------------------------------


def lost(alice: User, state: str, reference: str = "") -> PurchaseAttempt:
    """A purchase of which nobody knows what it came to; its order has failed and was refunded."""
    order = cast.buy(alice)
    attempt = cast.attempt_of(order)
    # As a crash leaves it: the answer was never recorded.
    Order.objects.filter(pk=order.pk).update(
        status=Status.PURCHASING, next_action_at=timezone.now()
    )
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(state=AttemptState.SENT, reference="")
    advance_due_orders(now=timezone.now())
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(
        state=state,
        reference=reference,
        next_action_at=timezone.now() if state == AttemptState.UNKNOWN else None,
    )
    return PurchaseAttempt.objects.select_related("order").get(pk=attempt.pk)


@pytest.mark.parametrize("state", [AttemptState.UNKNOWN, AttemptState.REVIEW])
@pytest.mark.parametrize(
    ("outcome", "reference", "losses"),
    [(Outcome.LOST, "up-1", 1), (Outcome.CANCELLED, "up-1", 0), (Outcome.NOTHING, "", 0)],
)
def test_a_person_says_what_became_of_a_purchase(
    state: str, outcome: Outcome, reference: str, losses: int, alice: User, simulator: object
) -> None:
    attempt = lost(alice, state)

    settled = decide_attempt(attempt, outcome=outcome, reference=reference, reason="seen")

    assert settled.state == outcome.value
    assert settled.next_action_at is None
    assert Transfer.objects.filter(kind="loss").count() == losses
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def test_many_people_settle_it_once(alice: User, simulator: object) -> None:
    attempt = lost(alice, AttemptState.REVIEW, "up-1")

    outcomes = all_at_once(
        lambda n: decide_attempt(
            attempt,
            outcome=Outcome.LOST if n % 2 else Outcome.CANCELLED,
            reference="",
            reason="seen",
        ),
        count=8,
    )

    assert kinds(outcomes) == {"PurchaseAttempt": 1, "AttemptNotOpen": 7}
    attempt.refresh_from_db()
    assert Transfer.objects.filter(kind="loss").count() == (attempt.state == AttemptState.LOST)
    assert audit_ledger() == []


def test_a_charged_orders_purchase_can_only_be_finished(received: Order) -> None:
    attempt = cast.attempt_of(received)
    PurchaseAttempt.objects.filter(pk=attempt.pk).update(state=AttemptState.REVIEW)
    attempt.refresh_from_db()

    assert possible_outcomes(attempt) == [Outcome.FINISHED]
    with pytest.raises(OutcomeDoesNotFit):
        decide_attempt(attempt, outcome=Outcome.LOST, reference="", reason="seen")
    decide_attempt(attempt, outcome=Outcome.FINISHED, reference="", reason="seen")

    assert audit_ledger() == []


def test_what_does_not_fit_changes_nothing(alice: User, received: Order, simulator: object) -> None:
    attempt = lost(alice, AttemptState.UNKNOWN)
    taken = cast.attempt_of(received).reference

    with pytest.raises(OutcomeDoesNotFit):
        decide_attempt(attempt, outcome=Outcome.LOST, reference="", reason="seen")
    with pytest.raises(ReferenceTaken):
        decide_attempt(attempt, outcome=Outcome.LOST, reference=taken, reason="seen")
    with pytest.raises(AttemptNotOpen):
        decide_attempt(cast.attempt_of(received), outcome=Outcome.LOST, reference="", reason="seen")

    attempt.refresh_from_db()
    assert (attempt.state, attempt.reference) == (AttemptState.UNKNOWN, "")
    assert not Transfer.objects.filter(kind="loss").exists()


def test_settling_in_the_admin(alice: User, simulator: object, colleague: Colleague) -> None:
    attempt = lost(alice, AttemptState.REVIEW)
    desk: Client = desk_of(colleague("finance"))
    address = reverse("admin:orders_purchaseattempt_settle", args=[attempt.pk])

    wrong = desk.post(address, {"outcome": "lost", "reason": "their site says so"})
    desk.post(address, {"outcome": "lost", "reference": "up-9", "reason": "their site says so"})

    assert wrong.status_code == 422
    attempt.refresh_from_db()
    assert (attempt.state, attempt.reference) == (AttemptState.LOST, "up-9")
    entry = AuditEntry.objects.get(act=Act.SETTLED)
    assert (entry.changes, entry.reason) == ({"state": ["review", "lost"]}, "their site says so")
    assert any("Settled a purchase" in each.title for each in timeline(attempt.order))
    assert audit_ledger() == []
