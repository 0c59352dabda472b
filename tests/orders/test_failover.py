"""Which supplier is asked next, and when none is."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from catalog.models import Offer, Supplier
from orders.actions import NoNumbers, SupplierUnavailable
from orders.models import Order
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.upstream import disagreements

pytestmark = pytest.mark.usefixtures("beta", "committed")

NOBODY_LISTENS = "http://127.0.0.1:9/stubs/handler_api.php"


def tried(order: Order) -> list[tuple[str, str]]:
    """Which supplier was asked, and what came of it, in order."""
    return list(order.attempts.order_by("pk").values_list("supplier__code", "state"))


def sold(simulator: RemoteSimulator) -> int:
    count: int = simulator.control()["counters"]["sold"]
    return count


@pytest.fixture
def gone(alpha: Supplier) -> Iterator[Supplier]:
    """Alpha's site does not answer."""
    before = alpha.base_url
    Supplier.objects.filter(pk=alpha.pk).update(base_url=NOBODY_LISTENS)
    yield alpha
    Supplier.objects.filter(pk=alpha.pk).update(base_url=before)


def test_a_refusal_asks_the_next(
    alice: User, beta: Supplier, simulator: RemoteSimulator, second: RemoteSimulator
) -> None:
    simulator.control(stock=0)

    order = cast.buy(alice)

    assert order.status == Status.WAITING
    assert order.provider_code == "beta"
    assert tried(order) == [("alpha", "refused"), ("beta", "bought")]
    assert (sold(simulator), sold(second)) == (0, 1)
    assert audit_ledger() == disagreements(second) == []


def test_the_price_does_not_move(
    alice: User, offer: Offer, beta: Supplier, simulator: RemoteSimulator
) -> None:
    dearer = Offer.objects.get(supplier=beta)
    dearer.price = (dearer.price or 0) + 500
    dearer.save()
    simulator.control(stock=0)

    order = cast.buy(alice)

    assert order.provider_code == "beta"
    assert order.price == offer.price
    assert cast.balance(alice) == 1_000_000 - order.price


def test_nothing_is_sold_below_the_floor(
    alice: User,
    offer: Offer,
    beta: Supplier,
    simulator: RemoteSimulator,
    second: RemoteSimulator,
    settings: Settings,
) -> None:
    """Beta's cost leaves 28 % of alpha's price at most, whatever beta's own price is."""
    settings.FLOOR_MARGIN_PERCENT = 60
    simulator.control(stock=0)

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    assert tried(Order.objects.get()) == [("alpha", "refused")]
    assert sold(second) == 0
    assert cast.balance(alice) == 1_000_000


def test_at_most_three_are_asked(
    alice: User, offer: Offer, beta: Supplier, simulator: RemoteSimulator, second: RemoteSimulator
) -> None:
    simulator.control(stock=0)
    second.control(stock=0)
    extra = [operator_offer(supplier, "telkomsel") for supplier in (offer.supplier, beta)]

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    for each in extra:
        each.delete()
    assert len(tried(Order.objects.get())) == 3
    assert audit_ledger() == []


def test_an_unreachable_supplier_is_passed_over_and_then_left_alone(
    alice: User, gone: Supplier, simulator: RemoteSimulator
) -> None:
    now = timezone.now()
    orders = [cast.buy(alice) for _ in range(4)]

    assert [tried(order) for order in orders] == [
        *[[("alpha", "unreachable"), ("beta", "bought")]] * 3,
        [("beta", "bought")],
    ]
    gone.refresh_from_db()
    assert gone.failure_count == 3
    assert gone.paused_until is not None
    assert gone.paused_until > now
    assert cast.balance(alice) == 1_000_000 - sum(order.price for order in orders)
    assert audit_ledger() == []


def test_an_answer_closes_the_breaker(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    Supplier.objects.filter(pk=alpha.pk).update(failure_count=2)

    cast.buy(alice)

    alpha.refresh_from_db()
    assert alpha.failure_count == 0


def test_an_unknown_outcome_asks_nobody_else(
    alice: User, alpha: Supplier, simulator: RemoteSimulator, second: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})

    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)

    order = Order.objects.get()
    assert order.status == Status.FAILED
    assert tried(order) == [("alpha", "unknown")]
    assert (sold(simulator), sold(second)) == (1, 0)
    alpha.refresh_from_db()
    assert alpha.failure_count == 1
    assert cast.balance(alice) == 1_000_000


@pytest.mark.parametrize("fault", ["html", "empty", "outage", "outage_503"])
def test_an_unreadable_answer_is_unknown(
    alice: User, simulator: RemoteSimulator, second: RemoteSimulator, fault: str
) -> None:
    simulator.control(faults={fault: 1})

    with pytest.raises(SupplierUnavailable):
        cast.buy(alice)

    assert tried(Order.objects.get()) == [("alpha", "unknown")]
    assert sold(second) == 0


def test_nobody_is_asked_after_the_deadline(
    alice: User, simulator: RemoteSimulator, second: RemoteSimulator, settings: Settings
) -> None:
    settings.PURCHASE_DEADLINE_SECONDS = 0.1
    simulator.control(stock=0, latency_ms=150)

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    assert tried(Order.objects.get()) == [("alpha", "refused")]
    assert sold(second) == 0


def test_a_supplier_out_of_money_is_paused_with_all_its_offers(
    alice: User, alpha: Supplier, beta: Supplier, simulator: RemoteSimulator
) -> None:
    extra = operator_offer(alpha, "telkomsel")
    simulator.control(balance=0)

    first, then = cast.buy(alice), cast.buy(alice)

    extra.delete()
    assert tried(first) == [("alpha", "refused"), ("beta", "bought")]
    assert tried(then) == [("beta", "bought")]


def test_a_moved_price_refreshes_the_offer(
    alice: User, offer: Offer, simulator: RemoteSimulator
) -> None:
    """Nobody is charged more than was shown: the next customer sees the new price."""
    real_cost, shown = offer.cost, 1_000
    Offer.objects.filter(pk=offer.pk).update(cost=offer.cost // 2, price=shown)
    Offer.objects.filter(supplier__code="beta").update(stock=0)

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    offer.refresh_from_db()
    assert offer.cost == real_cost
    assert offer.price is not None
    assert offer.price > shown
    assert cast.buy(alice).price == offer.price


def test_a_supplier_that_charges_more_does_not_raise_the_price(
    alice: User, offer: Offer, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"wrong_price": 1})

    order = cast.buy(alice)

    assert order.price == offer.price
    assert cast.attempt_of(order).cost == offer.cost * 3 // 2


def test_a_key_that_cannot_be_read_is_like_no_answer(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    before = bytes(alpha.api_key_encrypted)
    Supplier.objects.filter(pk=alpha.pk).update(api_key_encrypted=b"rotated away")

    order = cast.buy(alice)

    Supplier.objects.filter(pk=alpha.pk).update(api_key_encrypted=before)
    assert tried(order) == [("alpha", "unreachable"), ("beta", "bought")]


def test_nobody_sells(alice: User, simulator: RemoteSimulator, second: RemoteSimulator) -> None:
    simulator.control(stock=0)
    second.control(stock=0)

    with pytest.raises(NoNumbers):
        cast.buy(alice)

    order = Order.objects.get()
    assert order.status == Status.FAILED
    assert order.failure == AttemptState.REFUSED
    assert order.refund_amount == order.price
    assert cast.balance(alice) == 1_000_000
    assert audit_ledger() == []


def operator_offer(supplier: Supplier, operator: str) -> Offer:
    """Another offer of the same supplier, at the same price."""
    extra = Offer.objects.get(
        supplier=supplier, service__code="whatsapp", country__code="id", operator=""
    )
    extra.pk, extra.operator = None, operator
    extra.save()
    return extra
