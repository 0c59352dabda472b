"""Two hundred orders over every supplier in bad weather; `make bench ARGS=soak` makes 5,000."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.models import Supplier
from tests import cast, soak

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[soak.Soak]:
    """Ask for it before `committed`: its suppliers go when their orders have gone."""
    with django_db_blocker.unblock(), soak.soaking() as soaking:
        try:
            yield soaking
        finally:
            Supplier.objects.filter(code__in=soaking.simulators).delete()


@pytest.mark.usefixtures("running", "committed")
def test_every_order_ends_and_every_purchase_is_accounted_for(
    running: soak.Soak, settings: Settings
) -> None:
    for name, value in soak.SETTINGS.items():
        setattr(settings, name, value)
    customers = [cast.open_account(name, plan="unlimited") for name in ("anna", "budi")]
    for customer in customers:
        cast.give(customer, 10**10)

    soak.run(running, orders=200, customers=customers, patience=120)

    assert running.findings == [], running.answers
    assert running.answers["order"] > 100
    assert running.answers["purchase: lost"] + running.answers["purchase: cancelled"] > 10
