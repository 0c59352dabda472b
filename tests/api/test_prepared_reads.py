"""Reads that stand on every call are planned once a connection, not once a call."""

import pytest
from django.db import connection

from accounts.models import User
from orders.models import Order
from tests import cast


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.usefixtures("db")
def test_a_read_made_often_is_prepared(alice: User) -> None:
    order = cast.order_row(alice)
    before = prepared()

    found = [Order.objects.locked(order.pk) for _ in range(7)]

    assert set(found) == {order}
    assert prepared() >= max(before, 1)


@pytest.mark.usefixtures("db")
def test_queries_of_djangos_own_are_not(alice: User) -> None:
    before = prepared()

    for _ in range(10):
        assert User.objects.filter(pk=alice.pk).exists()

    assert prepared() == before
