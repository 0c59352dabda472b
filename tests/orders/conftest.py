"""A second supplier, for orders that the first one does not serve, and one of any protocol.

Ask for `beta` or `seller` before `committed`: they can only go once the orders that used them are
gone.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from catalog.models import Offer, Supplier
from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.server import running
from suppliers.simulator.shops import SPEAKERS
from tests import cast
from tests.orders.sellers import Seller, only_seller


@pytest.fixture(scope="session")
def second_upstream() -> Iterator[RemoteSimulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def second(second_upstream: RemoteSimulator) -> RemoteSimulator:
    """The supplier behind `beta`."""
    second_upstream.reset()
    second_upstream.control(code_rate=0, cancel_lock_s=0)
    return second_upstream


@pytest.fixture
def beta(
    second: RemoteSimulator, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Supplier]:
    """Sells WhatsApp in Indonesia too, at the same price as `alpha`, and is asked after it."""
    with django_db_blocker.unblock():
        supplier = Supplier(
            code="beta",
            name="Second",
            protocol="smsactivate",
            base_url=second.url,
            options=cast.FAST,
        )
        supplier.set_api_key(second.api_key)
        supplier.save()
        offer = alphas_offer()
        offer.pk, offer.supplier = None, supplier
        offer.save()
        try:
            yield supplier
        finally:
            supplier.delete()


@pytest.fixture(scope="session")
def shop_of() -> Iterator[Callable[[str], RemoteSimulator]]:
    """A simulator by its protocol, started when it is first wanted."""
    with ExitStack() as open_ones:

        @cache
        def start(protocol: str) -> RemoteSimulator:
            catalogue = Catalogue(0, services=12, countries=4)
            return open_ones.enter_context(running(protocol, catalogue=catalogue))

        yield start


@pytest.fixture(params=[*SPEAKERS])
def seller(
    request: pytest.FixtureRequest,
    shop_of: Callable[[str], RemoteSimulator],
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[Seller]:
    """The only one that sells WhatsApp in Indonesia: one for each protocol."""
    with django_db_blocker.unblock(), only_seller(request.param, shop_of(request.param)) as found:
        yield found


def alphas_offer() -> Offer:
    return Offer.objects.get(supplier__code="alpha", service__code="whatsapp", country__code="id")


@pytest.fixture
def offer(committed: None) -> Iterator[Offer]:
    """Alpha's offer of WhatsApp in Indonesia, put back as it was when the test has changed it."""
    before = alphas_offer()
    yield alphas_offer()
    before.save()
