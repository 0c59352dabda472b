"""Bans and breakers: of single goods first, of the whole supplier when it is about all of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Country, Offer, Pause, Service, Supplier
from catalog.quotes import find_quote
from orders.actions import NoNumbers, OrderRequest, SupplierUnavailable, place_order
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import later

pytestmark = pytest.mark.usefixtures("committed")

GOODS = [("whatsapp", "id"), ("telegram", "id"), ("google", "id"), ("whatsapp", "gb")]


@pytest.fixture
def banning(simulator: RemoteSimulator) -> Iterator[RemoteSimulator]:
    """Alpha bans whoever buys, for an hour."""
    simulator.control(faults={"banned": 1}, ban_s=3600)
    yield simulator
    simulator.control(faults={"banned": 0})


def buy(user: User, service: str, country: str) -> Order:
    request = OrderRequest(
        service=Service.objects.get(code=service), country=Country.objects.get(code=country)
    )
    return place_order(request, user=user, mode=Mode.LIVE, now=timezone.now()).order


def price_of(service: str, country: str, *, seconds: float = 0) -> int | None:
    return find_quote(
        Service.objects.get(code=service),
        Country.objects.get(code=country),
        user=None,
        mode=Mode.LIVE,
        now=later(seconds),
    ).price


def test_a_ban_is_about_its_goods_and_ends(
    alice: User, alpha: Supplier, banning: RemoteSimulator
) -> None:
    with pytest.raises(NoNumbers):
        buy(alice, "whatsapp", "id")

    pause = Pause.objects.get()
    assert (pause.supplier, pause.service.code, pause.country.code) == (alpha, "whatsapp", "id")
    assert pause.reason == "banned"
    assert pause.until is not None
    assert timedelta(seconds=3500) < pause.until - timezone.now() <= timedelta(hours=1)
    assert price_of("whatsapp", "id") is None
    assert price_of("whatsapp", "id", seconds=3601) is not None
    banning.control(faults={"banned": 0})
    assert buy(alice, "telegram", "id").phone_number
    assert buy(alice, "whatsapp", "gb").phone_number


def test_bans_of_several_goods_are_about_the_supplier(
    alice: User, alpha: Supplier, banning: RemoteSimulator
) -> None:
    for goods in GOODS[:3]:
        with pytest.raises(NoNumbers):
            buy(alice, *goods)

    alpha.refresh_from_db()
    assert alpha.paused_for == "banned"
    assert alpha.paused_until is not None
    assert price_of(*GOODS[3]) is None


def test_purchases_that_come_to_nothing_pause_their_goods(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})

    for _ in range(3):
        with pytest.raises(SupplierUnavailable):
            buy(alice, "whatsapp", "id")

    alpha.refresh_from_db()
    assert alpha.paused_until is None
    assert Pause.objects.get().reason == "failing"
    assert price_of("whatsapp", "id") is None
    assert price_of("whatsapp", "id", seconds=16) is not None
    assert price_of("telegram", "id") is not None


def test_of_any_goods_they_pause_the_supplier_in_the_end(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    simulator.control(faults={"lose_answer": 1})

    for number in range(6):
        with pytest.raises(SupplierUnavailable):
            buy(alice, *GOODS[number % 4])

    alpha.refresh_from_db()
    assert alpha.paused_for == "failing"
    assert alpha.paused_until is not None
    assert alpha.paused_until < later(20)


def test_an_answer_forgets_what_its_goods_did(alice: User, simulator: RemoteSimulator) -> None:
    simulator.control(faults={"lose_answer": 1})
    for _ in range(2):
        with pytest.raises(SupplierUnavailable):
            buy(alice, "whatsapp", "id")
    simulator.control(faults={"lose_answer": 0})

    buy(alice, "whatsapp", "id")

    assert not Pause.objects.exists()


def test_an_answer_that_comes_late_lifts_no_ban(alice: User, simulator: RemoteSimulator) -> None:
    offer = Offer.objects.get(
        supplier__code="alpha", service__code="whatsapp", country__code="id", operator=""
    )
    goods = {"supplier": offer.supplier, "service": offer.service, "country": offer.country}
    Pause.objects.create(**goods, until=later(-1), reason="banned", failure_count=2)

    buy(alice, "whatsapp", "id")

    assert Pause.objects.get().failure_count == 0


def test_lifting_makes_the_goods_be_sold_again(
    alice: User, alpha: Supplier, banning: RemoteSimulator
) -> None:
    for goods in GOODS[:3]:
        with pytest.raises(NoNumbers):
            buy(alice, *goods)
    banning.control(faults={"banned": 0})

    cast.forgive_suppliers()

    alpha.refresh_from_db()
    assert (alpha.paused_until, alpha.paused_for) == (None, "")
    assert buy(alice, "whatsapp", "id").phone_number
