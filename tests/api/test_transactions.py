"""GET /account/transactions: every movement of the caller's own wallet, the newest first."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Mode, User
from orders.actions import cancel_order, place_order
from orders.models import Order
from tests import cast
from tests.api.calls import TIME, Api
from tests.api.test_pages import BAD_NUMBERS
from wallet.actions import adjust_wallet

PATH = "/account/transactions"


@pytest.fixture
def history(alice: User, simulator: Any) -> Order:
    """A top-up, an order, its refund, and a correction."""
    bought_at = timezone.now() - timedelta(seconds=150)
    order = place_order(cast.whatsapp_in_indonesia(), user=alice, mode=Mode.LIVE, now=bought_at)
    cancelled = cancel_order(order.order, by=alice, reason="changed my mind", now=timezone.now())
    adjust_wallet(user=alice, amount=-500, adjustment_id="adj_1", reason="a fee", by=None)
    return cancelled


def post_at(*moments: str) -> None:
    """Move the transfers, in their order, to these times; the ledger's guards look away."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SELECT id FROM wallet_transfer ORDER BY id")
        for (pk,), moment in zip(cursor.fetchall(), moments, strict=True):
            cursor.execute("UPDATE wallet_transfer SET created_at = %s WHERE id = %s", [moment, pk])
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.usefixtures("committed")
def test_every_movement_is_there_with_its_sign(api: Api, history: Order) -> None:
    answer = api.get(PATH, Accept_Language="en")

    price = history.price
    assert [(row["kind"], row["amount"], row["balanceAfter"]) for row in answer.data] == [
        ("adjustment", -500, 999_500),
        ("release", price, 1_000_000),
        ("hold", -price, 1_000_000 - price),
        ("top_up", 1_000_000, 1_000_000),
    ]
    assert [row["orderId"] for row in answer.data] == [
        *(None, history.public_id, history.public_id, None),
    ]
    assert [row["description"] for row in answer.data] == [
        *("Correction: a fee", "Order refunded", "Order placed", "Top-up"),
    ]
    assert answer.body["meta"] == {"page": 1, "perPage": 20, "total": 4, "totalPages": 1}


@pytest.mark.usefixtures("committed")
def test_a_movement_has_these_fields(api: Api, history: Order) -> None:
    for row in api.get(PATH).data:
        assert set(row) == {
            *("transactionId", "kind", "amount", "balanceAfter", "currency", "orderId"),
            *("description", "createdAt"),
        }
        assert row["transactionId"].startswith("txn_")
        assert row["currency"] == "IDR"
        assert isinstance(row["amount"], int)
        assert TIME.fullmatch(row["createdAt"])


@pytest.mark.usefixtures("committed")
def test_the_order_it_names_can_be_asked_for(api: Api, history: Order) -> None:
    row = api.get(f"{PATH}?kind=release").data[0]

    assert api.get(f"/order/{row['orderId']}").data["refundAmount"] == row["amount"]


def test_pages(api: Api, alice: User) -> None:
    for amount in range(1, 6):
        cast.give(alice, amount)

    pages = [api.get(f"{PATH}?page={number}&per_page=2") for number in (1, 2, 3, 4)]

    assert [[row["amount"] for row in page.data] for page in pages] == [
        *([5, 4], [3, 2], [1, 1_000_000], []),
    ]
    assert [page.body["meta"] for page in pages] == [
        {"page": number, "perPage": 2, "total": 6, "totalPages": 3} for number in (1, 2, 3, 4)
    ]


def test_an_account_without_a_wallet_has_no_history(api: Api) -> None:
    api.key = cast.key_for(cast.open_account("carol"))

    answer = api.get(PATH)

    assert answer.data == []
    assert answer.body["meta"]["total"] == 0


def test_everybody_sees_their_own(api: Api, bobs_api: Api, bob: User) -> None:
    cast.give(bob, 7)

    assert [row["amount"] for row in api.get(PATH).data] == [1_000_000]
    assert [row["amount"] for row in bobs_api.get(PATH).data] == [7, 1_000_000]


def test_the_sandbox_has_its_own_history(api: Api, sandbox_api: Api) -> None:
    assert [row["kind"] for row in sandbox_api.get(PATH).data] == ["promotion"]
    assert [row["kind"] for row in api.get(PATH).data] == ["top_up"]


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("kind", ["top_up", "hold", "release", "refund", "promotion", "adjustment"])
def test_kind_filters(api: Api, history: Order, kind: str) -> None:
    every = api.get(PATH).data

    answer = api.get(f"{PATH}?kind={kind}")

    assert answer.data == [row for row in every if row["kind"] == kind]
    assert answer.body["meta"]["total"] == len(answer.data)


@pytest.mark.parametrize("kind", ["capture", "cost", "loss", "HOLD", "hold,release", "%00", "x"])
def test_a_kind_that_no_wallet_has(api: Api, kind: str) -> None:
    assert api.get(f"{PATH}?kind={kind}").wrong_fields == {"kind": "unknown"}


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("from=2026-06-22", [3, 2]),
        ("from=2026-06-22&to=2026-06-22", [2]),
        ("to=2026-06-22", [2, 1_000_000]),
        ("to=2026-06-21", [1_000_000]),
        ("from=2026-06-22T16:59:59.999999Z&to=2026-06-22T17:00:00Z", [3, 2]),
        ("from=2026-06-22T17:00:00Z", [3]),
        ("from=2026-06-22T17:00Z", [3]),
        ("from=2026-06-23T00:00:00", [3]),
        ("from=2026-06-23T00:00:00%2B07:00", [3]),
        ("from=2026-06-23T00:00:00+0700", [3]),
        ("from=2026-06-22T12:00:00-05:00", [3]),
        # PostgreSQL itself takes no offset of sixteen hours or more.
        ("from=2026-06-21T20:19:00-20:41&to=2026-06-23T16:59:00%2B23:59", [3]),
        ("from=2026-06-22T17:00:00.0000001Z&to=2999-01-01", [3]),
        ("from=2026-07-01", []),
        ("from=&to=", [3, 2, 1_000_000]),
    ],
)
def test_from_and_to_are_times_of_the_shop(
    api: Api, alice: User, query: str, amounts: list[int]
) -> None:
    cast.give(alice, 2)
    cast.give(alice, 3)
    # The day ends at 17:00 UTC in Jakarta.
    post_at("2026-06-21T05:00:00Z", "2026-06-22T16:59:59.999999Z", "2026-06-22T17:00:00Z")

    assert [row["amount"] for row in api.get(f"{PATH}?{query}").data] == amounts


@pytest.mark.parametrize(
    "moment",
    [
        *("yesterday", "2026-13-01", "2026-02-30", "22-06-2026", "20260622", "2026-06-22T25:00Z"),
        *("1750572000", "2026-06-22T10", "2026-06-22T10:00:00+99:00", "0001-01-01", "9999-12-31"),
        *("2026-06-22%00", "٢٠٢٦-٠٦-٢٢", "2026-W26", "-2026-06-22", "2026-06-22T10:00:00.Z"),
        "2026-06-22" * 900,
    ],
    ids=lambda text: ascii(text[:28]),
)
def test_a_time_that_cannot_be(api: Api, moment: str) -> None:
    answer = api.get(f"{PATH}?from={moment}&to={moment}")

    assert answer.wrong_fields == {"from": "not_a_time", "to": "not_a_time"}


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-06-23", "2026-06-22"), ("2026-06-22T10:00:01Z", "2026-06-22T10:00:00Z")],
)
def test_from_after_to(api: Api, since: str, until: str) -> None:
    assert api.get(f"{PATH}?from={since}&to={until}").wrong_fields == {"to": "before_from"}


def test_the_same_moment_twice_is_a_moment(api: Api) -> None:
    now = timezone.now().isoformat().replace("+", "%2B")

    assert api.get(f"{PATH}?from={now}&to={now}").data == []


def test_everything_wrong_is_named_at_once(api: Api) -> None:
    answer = api.get(f"{PATH}?page=0&per_page=101&kind=x&from=x&to=y")

    assert answer.wrong_fields == {
        "page": "out_of_range",
        "per_page": "out_of_range",
        "kind": "unknown",
        "from": "not_a_time",
        "to": "not_a_time",
    }


@pytest.mark.parametrize("number", [text for text in BAD_NUMBERS if "\x00" not in text][:14])
def test_a_page_that_cannot_be(api: Api, number: str) -> None:
    answer = api.get(f"{PATH}?page={number.replace('+', '%2B')}")

    assert answer.wrong_fields == {"page": "out_of_range"}


def test_the_scope_is_asked_for(api: Api, alice: User) -> None:
    api.key = cast.key_for(alice, scopes=["order:read"])

    assert api.get(PATH).refusal == (403, "scope_missing")
