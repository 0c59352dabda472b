"""The history of orders: searched, narrowed down, downloaded, and a receipt of each."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import Supplier
from orders.actions import cancel_order, poll_supplier, refund_order
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

pytestmark = pytest.mark.usefixtures("committed", "simulator")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def found(page: Client, **wanted: Any) -> list[int]:
    return [order.pk for order in page.get("/orders/history/", wanted).context["page"].rows]


def table(page: Client, **wanted: Any) -> list[dict[str, str]]:
    answer = page.get("/orders/history.csv", wanted)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def orders(alice: User, bob: User) -> dict[str, Order]:
    rows = {
        "telegram": cast.order_row(alice, service_id="telegram", phone_number="+6281200004711"),
        "virtual": cast.order_row(
            alice, "cancelled", country_id="us-virtual", phone_number="+15550004242"
        ),
        "waiting": cast.order_row(alice, "purchasing", phone_number=""),
    }
    cast.order_row(bob, phone_number="+6281200004711")
    return rows


def test_the_newest_come_first_and_nobody_elses(page: Client, orders: dict[str, Order]) -> None:
    assert found(page) == sorted((order.pk for order in orders.values()), reverse=True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("4711", ["telegram"]),
        ("+62 812-0000-4711", ["telegram"]),
        ("0812 0000 4711", ["telegram"]),
        ("+1 (555) 000-4242", ["virtual"]),
        ("teleg", ["telegram"]),
        ("virtual", ["virtual"]),
        ("amerika", ["virtual"]),
        ("indonesia", ["telegram", "waiting"]),
        ("00004711x", []),
        ("ord_nobody", []),
        ("'; drop table orders_order; --", []),
        ("%", []),
        ("9" * 40, []),
    ],
)
def test_a_text_finds_what_it_may_mean(
    page: Client, orders: dict[str, Order], text: str, names: list[str]
) -> None:
    wanted = {orders[name].pk for name in names}

    assert set(found(page, q=text)) == wanted


def test_numbers_and_ids_find_their_order(page: Client, orders: dict[str, Order]) -> None:
    order = orders["virtual"]

    assert found(page, q=f"#{order.pk}") == [order.pk]
    assert found(page, q=str(order.pk)) == [order.pk]
    assert found(page, q=order.public_id) == [order.pk]


@pytest.mark.parametrize(
    ("status", "names"),
    [("success", ["telegram"]), ("cancelled", ["virtual"]), ("waiting", ["waiting"])],
)
def test_a_status_narrows_it_down(
    page: Client, orders: dict[str, Order], status: str, names: list[str]
) -> None:
    assert found(page, status=status) == [orders[name].pk for name in names]


def test_a_span_of_days_includes_both(page: Client, alice: User) -> None:
    now = timezone.now()
    old, today = cast.order_row(alice, created_at=now - timedelta(days=9)), cast.order_row(alice)
    day = timezone.localdate(old.created_at).isoformat()

    assert found(page, since=day, until=day) == [old.pk]
    assert found(page, since=timezone.localdate().isoformat()) == [today.pk]
    assert found(page, until=day) == [old.pk]


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"since": "2026-02-02", "until": "2026-01-01"}, "This is before the beginning."),
        ({"status": "lost"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_field(
    page: Client, orders: dict[str, Order], wanted: dict[str, str], complaint: str
) -> None:
    answer = page.get("/orders/history/", wanted)

    assert complaint in answer.content.decode()


def test_pages_keep_what_was_asked_for(page: Client, alice: User) -> None:
    for _each in range(25):
        cast.order_row(alice, "cancelled")
    cast.order_row(alice)

    first = page.get("/orders/history/", {"status": "cancelled"})
    older = first.context["page"].older

    assert f"?status=cancelled&amp;before={older}" in first.content.decode()
    second = found(page, status="cancelled", before=older)
    assert (len(first.context["page"].rows), len(second)) == (20, 5)


def test_the_download_is_plain_and_whole(page: Client, orders: dict[str, Order]) -> None:
    rows = table(page)

    assert [row["number"] for row in rows] == [str(pk) for pk in found(page)]
    assert rows[-1] | {"time": "", "ended": ""} == {
        "time": "",
        "order": orders["telegram"].public_id,
        "number": str(orders["telegram"].pk),
        "service": "Telegram",
        "country": "Indonesia",
        "phone": "6281200004711",
        "status": "success",
        "provider": "",
        "price": "1000",
        "charged": "1000",
        "refunded": "0",
        "currency": "IDR",
        "ended": "",
    }
    assert [row["number"] for row in table(page, status="cancelled")] == [str(orders["virtual"].pk)]


def test_the_downloads_columns_speak_the_language_chosen_for_them(
    page: Client, orders: dict[str, Order]
) -> None:
    page.cookies["django_language"] = "en"

    assert "layanan" in table(page, columns="id")[0]
    assert "service" in table(page, columns="nonsense")[0]


def test_a_formula_is_a_text(page: Client, alice: User) -> None:
    cast.order_row(alice, provider_code="=1+1")

    assert table(page)[0]["provider"] == "'=1+1"


def test_a_long_history_is_read_in_batches(
    page: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexotp.lib.tables._READ_AT_ONCE", 3)
    made = {cast.order_row(alice).pk for _each in range(9)}

    assert {int(row["number"]) for row in table(page)} == made


# ---- receipts -----------------------------------------------------------------------------------


def receipt(page: Client, order: Order) -> Any:
    return page.get(f"/orders/{order.public_id}/receipt").context["receipt"]


def test_a_receipt_of_a_code_that_came_and_was_refunded(
    page: Client, alice: User, staff: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    held = receipt(page, order)
    simulator.deliver(cast.attempt_of(order).reference, text="Your code is 471-199")
    poll_supplier(alpha, now=timezone.now())
    charged = receipt(page, order)
    order.refresh_from_db()
    refund_order(order, by=staff, reason="goodwill", now=timezone.now())
    refunded = receipt(page, order)

    price = order.price
    assert (held.held, held.charged, held.refunded) == (price, 0, 0)
    assert (charged.held, charged.charged, charged.refunded) == (0, price, 0)
    assert (refunded.held, refunded.charged, refunded.refunded) == (0, 0, price)
    assert [(line.transfer.kind, line.amount) for line in refunded.lines] == [
        ("hold", -price),
        ("capture", 0),
        ("refund", price),
    ]


def test_a_receipt_of_a_cancelled_order_charges_nothing(page: Client, alice: User) -> None:
    order = cast.buy(alice)
    cancel_order(order, by=alice, reason="", now=timezone.now() + timedelta(minutes=3))

    shown = receipt(page, order)

    assert (shown.held, shown.charged, shown.refunded) == (0, 0, order.price)


def test_what_we_pay_suppliers_is_on_no_receipt(
    page: Client, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    simulator.deliver(cast.attempt_of(order).reference, text="Your code is 471-199")
    poll_supplier(alpha, now=timezone.now())

    words = page.get(f"/orders/{order.public_id}/receipt").content.decode()

    assert "US$" not in words
    assert alpha.name not in words


def test_nobody_sees_anothers_receipt(page: Client, bob: User) -> None:
    order = cast.order_row(bob)

    assert page.get(f"/orders/{order.public_id}/receipt").status_code == 404


@pytest.mark.parametrize("before", ["0" * 5_000, "9" * 20, "0" * 20 + "9" * 30, "٣", "-1"])
def test_a_place_in_the_list_that_is_none_is_its_beginning(
    page: Client, alice: User, before: str
) -> None:
    cast.buy(alice)

    answer = page.get("/orders/history/", {"before": before})

    assert answer.status_code == 200
    assert len(answer.context["page"].rows) == 1


@pytest.mark.parametrize("address", ["/orders/history/", "/orders/history.csv", "/wallet/"])
@pytest.mark.parametrize(
    "span", [{"since": "0001-01-01"}, {"until": "9999-12-31"}, {"until": "0001-01-01"}]
)
def test_days_at_the_ends_of_the_calendar_can_be_asked_for(
    page: Client, address: str, span: dict[str, str]
) -> None:
    assert page.get(address, span).status_code == 200
