"""What staff has put on the list is offered nowhere, and sold to nobody, in live mode."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Mode, User
from catalog.models import Block, Country, Service
from orders.actions import NoNumbers
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(params=["both", "service", "country"])
def blocked(request: pytest.FixtureRequest, committed: None) -> None:
    """WhatsApp in Indonesia, all of WhatsApp, or all of Indonesia."""
    service, country = Service.objects.get(code="whatsapp"), Country.objects.get(code="id")
    named = {"service": service, "country": country}
    if request.param != "both":
        named = {request.param: named[request.param]}
    Block.objects.create(reason="misuse", **named)


def ask(user: User, path: str, mode: Mode = Mode.LIVE) -> Any:
    key = cast.key_for(user, mode=mode)
    return Client().get(f"/api/v1{path}", headers=cast.bearer(key))


@pytest.mark.usefixtures("blocked")
def test_it_is_not_sold(alice: User, simulator: RemoteSimulator) -> None:
    with pytest.raises(NoNumbers):
        cast.buy(alice)

    assert simulator.control()["counters"]["sold"] == 0


@pytest.mark.usefixtures("blocked")
def test_it_is_not_offered(alice: User) -> None:
    goods = "service=whatsapp&country=id"

    assert ask(alice, f"/providers?{goods}").json()["data"] == []
    price = ask(alice, f"/price?{goods}")
    assert (price.status_code, price.json()["error"]["code"]) == (404, "not_offered")
    (country,) = [
        row
        for row in ask(alice, "/countries?service=whatsapp").json()["data"]
        if row["countryCode"] == "id"
    ]
    assert (country["available"], country["stock"], country["price"]) == (False, 0, None)


@pytest.mark.usefixtures("blocked")
def test_the_sandbox_sells_it_all_the_same(alice: User) -> None:
    assert cast.buy(alice, mode=Mode.SANDBOX).phone_number
    assert ask(alice, "/price?service=whatsapp&country=id", Mode.SANDBOX).status_code == 200


def test_other_goods_are_sold(alice: User, simulator: RemoteSimulator) -> None:
    Block.objects.create(
        service=Service.objects.get(code="whatsapp"),
        country=Country.objects.get(code="gb"),
        reason="misuse",
    )

    assert cast.buy(alice).phone_number


def test_a_block_names_something(db: None) -> None:
    with pytest.raises(ValidationError):
        Block(reason="everything").full_clean()
