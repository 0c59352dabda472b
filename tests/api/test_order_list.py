"""GET /orders: the caller's own, by status and page, and every open one in a single call."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Mode, User
from catalog.models import Supplier
from orders.actions import poll_supplier
from orders.models import Order, OrderMessage
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.api.calls import Answer, Api

EVERY_STATUS = [status.value for status in Status]


@pytest.fixture
def one_of_each(alice: User) -> list[Order]:
    return [cast.order_row(alice, status) for status in EVERY_STATUS]


def ids(answer: Answer) -> list[str]:
    return [row["orderId"] for row in answer.data]


def public(orders: list[Order], *statuses: str) -> list[str]:
    """The ids of those in a status, the newest first."""
    return [order.public_id for order in reversed(orders) if order.status in statuses]


def test_every_order_the_newest_first(api: Api, one_of_each: list[Order]) -> None:
    answer = api.get("/orders")

    assert ids(answer) == public(one_of_each, *EVERY_STATUS)
    assert answer.body["meta"] == {"page": 1, "perPage": 20, "total": 8, "totalPages": 1}


@pytest.mark.usefixtures("committed")
def test_a_row_is_the_order_as_it_is_shown_alone(
    api: Api, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    waiting, received = cast.buy(alice), cast.buy(alice)
    simulator.deliver(cast.attempt_of(received).reference, code="123456")
    poll_supplier(alpha, now=timezone.now())

    rows = api.get("/orders").data

    alone = [api.get(f"/order/{order.public_id}").data for order in (received, waiting)]
    for row in (*rows, *alone):
        row.pop("remainingSeconds")
    assert rows == alone
    assert [row["otp"] for row in rows] == ["123456", None]


@pytest.mark.parametrize(
    ("status", "behind"),
    [
        ("waiting", ["purchasing", "waiting", "closing"]),
        ("active", ["purchasing", "waiting", "closing", "received"]),
        *((each, [each]) for each in ("received", "success", "expired", "cancelled", "failed")),
    ],
)
def test_status_filters_by_what_customers_see(
    api: Api, one_of_each: list[Order], status: str, behind: list[str]
) -> None:
    answer = api.get(f"/orders?status={status}")

    assert ids(answer) == public(one_of_each, *behind)
    assert answer.body["meta"]["total"] == len(behind)
    if status != "active":
        assert {row["status"] for row in answer.data} == {status}


@pytest.mark.parametrize("status", ["purchasing", "closing", "open", "ACTIVE", "a,b", "%00", "٣"])
def test_a_status_that_nobody_sees(api: Api, status: str) -> None:
    assert api.get(f"/orders?status={status}").wrong_fields == {"status": "unknown"}


def test_everything_wrong_is_named_at_once(api: Api) -> None:
    answer = api.get("/orders?status=value&page=0&per_page=x")

    assert answer.wrong_fields == {
        "status": "unknown",
        "page": "out_of_range",
        "per_page": "out_of_range",
    }


def test_pages(api: Api, one_of_each: list[Order]) -> None:
    pages = [api.get(f"/orders?page={number}&per_page=3") for number in (1, 2, 3, 4)]

    assert [len(page.data) for page in pages] == [3, 3, 2, 0]
    assert [order for page in pages for order in ids(page)] == public(one_of_each, *EVERY_STATUS)
    assert pages[3].body["meta"] == {"page": 4, "perPage": 3, "total": 8, "totalPages": 3}


def test_active_is_all_of_them_in_one_call(api: Api, alice: User) -> None:
    orders = [cast.order_row(alice, "waiting") for _ in range(130)]

    answer = api.get("/orders?status=active&page=9&per_page=1")

    assert ids(answer) == public(orders, "waiting")
    assert answer.body["meta"] == {"page": 1, "perPage": 200, "total": 130, "totalPages": 1}


def test_active_is_all_of_them_even_above_the_cap(api: Api, alice: User) -> None:
    """A plan may shrink while orders are open."""
    for _ in range(4):
        cast.order_row(alice, "waiting")
    alice.plan.max_open_orders = 2
    alice.plan.save()

    answer = api.get("/orders?status=active")

    assert len(answer.data) == 4
    assert answer.body["meta"]["totalPages"] == 1


def test_nothing_open_is_an_empty_list(api: Api, alice: User) -> None:
    cast.order_row(alice, "success")

    answer = api.get("/orders?status=active")

    assert answer.data == []
    assert answer.body["meta"]["total"] == answer.body["meta"]["totalPages"] == 0


@pytest.mark.parametrize("query", ["", "?status=active"])
def test_messages_of_many_orders_cost_one_query(api: Api, alice: User, query: str) -> None:
    asked = []
    for number in range(1, 13):
        order = cast.order_row(alice, "received", message_count=1)
        OrderMessage.objects.create(
            order=order,
            public_id=f"msg_{number:026}",
            fingerprint=str(number),
            code=f"{number:06}",
            received_at=timezone.now(),
        )
        with CaptureQueriesContext(connection) as queries:
            data = api.get(f"/orders{query}").data
        asked.append(len(queries))
        assert [row["otp"] for row in data] == [f"{n:06}" for n in range(number, 0, -1)]

    assert asked[1] == asked[-1] <= 4


def test_late_messages_are_not_shown(api: Api, alice: User) -> None:
    order = cast.order_row(alice, "expired", message_count=1)
    OrderMessage.objects.create(
        order=order, public_id="msg_1", fingerprint="1", is_late=True, received_at=timezone.now()
    )

    assert api.get("/orders").data[0]["messages"] == []


@pytest.mark.parametrize("query", ["", "?status=active", "?status=waiting"])
def test_nobody_elses_orders_are_there(
    api: Api, bobs_api: Api, sandbox_api: Api, alice: User, query: str
) -> None:
    mine = cast.order_row(alice, "waiting")
    sandbox = cast.order_row(alice, "waiting", mode=Mode.SANDBOX)

    assert ids(api.get(f"/orders{query}")) == [mine.public_id]
    assert ids(sandbox_api.get(f"/orders{query}")) == [sandbox.public_id]
    assert ids(bobs_api.get(f"/orders{query}")) == []


def test_time_left_is_shown_for_each(api: Api, alice: User) -> None:
    soon, gone = timezone.now() + timedelta(seconds=30), timezone.now() - timedelta(seconds=1)
    cast.order_row(alice, "waiting", expires_at=gone)
    cast.order_row(alice, "waiting", expires_at=soon)

    left = [row["remainingSeconds"] for row in api.get("/orders?status=active").data]

    assert left[0] in range(25, 31)
    assert left[1] == 0


def test_it_is_polled_from_the_polling_bucket(api: Api) -> None:
    assert api.get("/orders?status=active").headers["Ratelimit"].startswith('"POLL";')


def test_the_scope_is_asked_for(api: Api, alice: User) -> None:
    api.key = cast.key_for(alice, scopes=["order:write"])

    assert api.get("/orders").refusal == (403, "scope_missing")
