"""A second supplier, for orders that the first one does not serve.

Ask for `beta` before `committed`: it can only go once the orders that used it are gone.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from catalog.models import Offer, Supplier
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.server import running
from tests import cast


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


def alphas_offer() -> Offer:
    return Offer.objects.get(supplier__code="alpha", service__code="whatsapp", country__code="id")


@pytest.fixture
def offer(committed: None) -> Iterator[Offer]:
    """Alpha's offer of WhatsApp in Indonesia, put back as it was when the test has changed it."""
    before = alphas_offer()
    yield alphas_offer()
    before.save()
