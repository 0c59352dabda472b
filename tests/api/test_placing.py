"""POST /order: what is asked, what is answered, what is refused."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, Plan, User
from catalog.models import ExchangeRate, Offer
from orders.models import Order
from orders.states import Status
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.api.calls import TIME, Api

WHATSAPP = {"service": "whatsapp", "country": "id"}


@pytest.fixture
def price(alice: User) -> int:
    """What whatsapp in Indonesia costs at `any`."""
    offers = Offer.objects.on_sale(Mode.LIVE, timezone.now())
    offer = offers.filter(service__code="whatsapp", country__code="id").order_by("price")[0]
    assert offer.price is not None
    return offer.price


# ---- a number is bought -----------------------------------------------------------------------


@pytest.mark.usefixtures("committed", "simulator")
class TestBuying:
    def test_a_number_is_bought(self, api: Api, alice: User, price: int) -> None:
        data = api.post("/order", WHATSAPP).data

        order = Order.objects.get()
        assert data == {
            "orderId": order.public_id,
            "orderNumber": order.pk,
            "status": "waiting",
            "phoneNumber": order.phone_number,
            "price": price,
            "currency": "IDR",
            "priceUsd": data["priceUsd"],
            "serviceCode": "whatsapp",
            "countryCode": "id",
            "providerCode": "alpha",
            "expiresAt": data["expiresAt"],
            "cancelAvailableAt": data["cancelAvailableAt"],
            "createdAt": data["createdAt"],
        }
        assert data["phoneNumber"].startswith("+62")
        assert data["priceUsd"] == pytest.approx(price / 16_250, abs=0.0001)
        assert all(TIME.fullmatch(data[name]) for name in ("expiresAt", "createdAt"))
        assert cast.balance(alice) == 1_000_000 - price

    @pytest.mark.parametrize(
        "more",
        [
            {"provider": "any"},
            {"pool": "any"},
            {"provider": "alpha"},
            {"pool": "alpha"},
            {"provider": "alpha", "pool": "alpha"},
            {"provider": None, "pool": ""},
            {"pricing_option": 0},
            {"pricing_option": "0"},
            {"pricing_option": 1},
            {"pricing_option": "1"},
            {"pricing_option": None},
            {"pricing_option": 1.0},
            {"idempotencyKey": None},
            {"max_price": 100},
            {"max_price": "99.5"},
            {"unknown": {"fields": ["are", "ignored"]}},
            {"service": "svc_whatsapp", "country": "cty_id"},
            {"service": "WhatsApp", "country": "ID"},
        ],
        ids=str,
    )
    def test_every_parameter_is_taken(self, api: Api, more: dict[str, Any]) -> None:
        data = api.post("/order", WHATSAPP | more).data

        assert (data["serviceCode"], data["countryCode"]) == ("whatsapp", "id")
        assert data["providerCode"] == "alpha"

    def test_best_rate_follows_the_observed_delivery(self, api: Api) -> None:
        best = _second_offer(price=50_000, delivered=90, ended=100)
        try:
            best_rate = api.post("/order", WHATSAPP | {"pricing_option": "1"}).data
            cheapest = api.post("/order", WHATSAPP | {"pricing_option": 0}).data
        finally:
            best.delete()

        assert best_rate["price"] == 50_000
        assert cheapest["price"] < 50_000

    def test_the_same_request_again_is_the_first_answer(self, api: Api, alice: User) -> None:
        wanted = WHATSAPP | {"idempotencyKey": "order-1001"}
        first = api.post("/order", wanted)

        second = api.post("/order", wanted)

        assert second.data == first.data
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert Order.objects.count() == 1
        assert cast.balance(alice) == 1_000_000 - first.data["price"]

    def test_body_and_header_name_the_same_key(self, api: Api) -> None:
        in_body = WHATSAPP | {"idempotencyKey": "order-1001"}
        answers = [
            api.post("/order", in_body),
            api.post("/order", WHATSAPP, Idempotency_Key="order-1001"),
            api.post("/order", WHATSAPP, Idempotency_Key='"order-1001"'),
            api.post("/order", in_body, Idempotency_Key="order-1001"),
        ]

        assert {answer.data["orderId"] for answer in answers} == {answers[0].data["orderId"]}
        assert Order.objects.count() == 1

    def test_defaults_spelled_out_are_the_same_payload(self, api: Api) -> None:
        key = {"idempotencyKey": "order-1001"}
        first = api.post("/order", WHATSAPP | key)

        second = api.post("/order", {"provider": "any", "pricing_option": "0"} | WHATSAPP | key)

        assert second.data == first.data

    @pytest.mark.parametrize(
        "change",
        [{"country": "my"}, {"provider": "alpha"}, {"pricing_option": 1}, {"max_price": 50}],
        ids=str,
    )
    def test_another_payload_under_the_same_key_is_refused(
        self, api: Api, change: dict[str, Any]
    ) -> None:
        key = {"idempotencyKey": "order-1001"}
        api.post("/order", WHATSAPP | key)

        answer = api.post("/order", WHATSAPP | key | change)

        assert answer.refusal == (409, "idempotency_key_reused")
        assert Order.objects.count() == 1

    def test_another_key_of_the_account_shares_the_idempotency(self, api: Api, alice: User) -> None:
        wanted = WHATSAPP | {"idempotencyKey": "order-1001"}
        first = api.post("/order", wanted)
        api.key = cast.key_for(alice)

        assert api.post("/order", wanted).data == first.data

    def test_a_key_belongs_to_an_account_and_a_mode(
        self, api: Api, bobs_api: Api, sandbox_api: Api
    ) -> None:
        wanted = WHATSAPP | {"idempotencyKey": "order-1001"}

        ids = {each.post("/order", wanted).data["orderId"] for each in (api, bobs_api, sandbox_api)}

        assert len(ids) == 3

    def test_a_failed_order_gives_its_key_back(
        self, api: Api, alice: User, simulator: RemoteSimulator
    ) -> None:
        wanted = WHATSAPP | {"idempotencyKey": "order-1001"}
        simulator.control(faults={"no_stock": 1})
        failed = api.post("/order", wanted)
        simulator.control(faults={"no_stock": 0})

        second = api.post("/order", wanted)

        assert failed.refusal == (503, "no_numbers")
        assert second.data["status"] == "waiting"
        assert Order.objects.filter(status=Status.FAILED).count() == 1
        assert cast.balance(alice) == 1_000_000 - second.data["price"]

    def test_no_numbers_is_a_503_and_costs_nothing(
        self, api: Api, alice: User, simulator: RemoteSimulator
    ) -> None:
        simulator.control(faults={"no_stock": 1})

        answer = api.post("/order", WHATSAPP)

        assert answer.refusal == (503, "no_numbers")
        assert answer.error["retryable"]
        assert cast.balance(alice) == 1_000_000

    @pytest.mark.parametrize("fault", ["outage", "lose_answer", "html", "empty"])
    def test_a_supplier_in_trouble_is_a_503_and_costs_nothing(
        self, api: Api, alice: User, simulator: RemoteSimulator, fault: str
    ) -> None:
        simulator.control(faults={fault: 1})

        answer = api.post("/order", WHATSAPP)

        assert answer.refusal == (503, "supplier_unavailable")
        assert cast.balance(alice) == 1_000_000

    def test_a_replay_is_answered_after_the_end_too(
        self, api: Api, simulator: RemoteSimulator
    ) -> None:
        wanted = WHATSAPP | {"idempotencyKey": "order-1001"}
        first = api.post("/order", wanted)
        api.post(f"/order/{first.data['orderId']}/cancel")

        second = api.post("/order", wanted)

        assert second.data == first.data
        assert second.headers["Idempotent-Replayed"] == "true"


def _second_offer(*, price: int, delivered: int, ended: int) -> Offer:
    """Another listing for whatsapp in Indonesia, by an operator that does not exist upstream."""
    offer = Offer.objects.filter(
        supplier__code="alpha", service__code="whatsapp", country__code="id"
    ).first()
    assert offer is not None
    offer.pk, offer.operator = None, "telkomsel"
    offer.price, offer.delivered_count, offer.ended_count = price, delivered, ended
    offer.save()
    return offer


# ---- what is refused before anything is bought --------------------------------------------------


def test_document_bs_sample_names_every_field_that_is_wrong(api: Api) -> None:
    sample = {
        "service": "value",
        "country": "value",
        "pool": "value",
        "pricing_option": "value",
        "max_price": "value",
    }

    answer = api.post("/order", sample)

    assert answer.wrong_fields == {
        "service": "unknown",
        "country": "unknown",
        "pool": "unknown",
        "pricing_option": "out_of_range",
        "max_price": "not_a_price",
    }
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"service": None}, {"service": "required"}),
        ({"service": ""}, {"service": "required"}),
        ({"service": 7}, {"service": "not_a_string"}),
        ({"service": ["whatsapp"]}, {"service": "not_a_string"}),
        ({"service": {"code": "whatsapp"}}, {"service": "not_a_string"}),
        ({"service": True}, {"service": "not_a_string"}),
        ({"service": "what\x00sapp"}, {"service": "unknown"}),
        ({"service": "x" * 5_000}, {"service": "unknown"}),
        ({"service": "test-slow"}, {"service": "unknown"}),
        ({"service": "cty_id"}, {"service": "unknown"}),
        ({"country": None}, {"country": "required"}),
        ({"country": 62}, {"country": "not_a_string"}),
        ({"country": "\x00"}, {"country": "unknown"}),
        ({"country": "🇮🇩"}, {"country": "unknown"}),
        ({"provider": "nobody"}, {"provider": "unknown"}),
        ({"pool": "nobody"}, {"pool": "unknown"}),
        ({"provider": "alpha.nobody"}, {"provider": "unknown"}),
        ({"provider": "sandbox"}, {"provider": "unknown"}),
        ({"provider": "al\x00pha"}, {"provider": "unknown"}),
        ({"provider": 1}, {"provider": "not_a_string"}),
        ({"provider": "any", "pool": "alpha"}, {"pool": "conflict"}),
        ({"provider": "alpha", "pool": "any"}, {"pool": "conflict"}),
        ({"pricing_option": 2}, {"pricing_option": "out_of_range"}),
        ({"pricing_option": "-1"}, {"pricing_option": "out_of_range"}),
        ({"pricing_option": True}, {"pricing_option": "out_of_range"}),
        ({"pricing_option": [1]}, {"pricing_option": "out_of_range"}),
        ({"pricing_option": 10**30}, {"pricing_option": "out_of_range"}),
        ({"max_price": 0}, {"max_price": "not_a_price"}),
        ({"max_price": -1}, {"max_price": "not_a_price"}),
        ({"max_price": "NaN"}, {"max_price": "not_a_price"}),
        ({"max_price": "Infinity"}, {"max_price": "not_a_price"}),
        ({"max_price": 10**30}, {"max_price": "not_a_price"}),
        ({"max_price": "1e9999999"}, {"max_price": "not_a_price"}),
        ({"max_price": "9" * 10_000}, {"max_price": "not_a_price"}),
        ({"max_price": False}, {"max_price": "not_a_price"}),
        ({"max_price": {"usd": 1}}, {"max_price": "not_a_price"}),
        ({"max_price": "0.00"}, {"max_price": "not_a_price"}),
        ({"max_price": "1e-5"}, {"max_price": "not_a_price"}),
        ({"max_price": "1000000.01"}, {"max_price": "not_a_price"}),
        ({"idempotencyKey": ""}, {"idempotencyKey": "not_printable"}),
        ({"idempotencyKey": "x" * 256}, {"idempotencyKey": "not_printable"}),
        ({"idempotencyKey": "a\x00b"}, {"idempotencyKey": "not_printable"}),
        ({"idempotencyKey": "a\nb"}, {"idempotencyKey": "not_printable"}),
        ({"idempotencyKey": 1001}, {"idempotencyKey": "not_a_string"}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_field_that_is_wrong_is_named(
    api: Api, change: dict[str, Any], wrong: dict[str, str]
) -> None:
    answer = api.post("/order", WHATSAPP | change)

    assert answer.wrong_fields == wrong
    assert not Order.objects.exists()


def test_two_different_idempotency_keys_are_refused(api: Api) -> None:
    answer = api.post("/order", WHATSAPP | {"idempotencyKey": "one"}, Idempotency_Key="two")

    assert answer.wrong_fields == {"idempotencyKey": "conflict"}


def test_a_header_key_that_is_too_long_is_refused(api: Api) -> None:
    answer = api.post("/order", WHATSAPP, Idempotency_Key="x" * 256)

    assert answer.wrong_fields == {"idempotencyKey": "not_printable"}


@pytest.mark.parametrize("sent", ["", " ", '""'])
def test_an_empty_header_key_protects_nobody_and_is_refused(api: Api, sent: str) -> None:
    answer = api.post("/order", WHATSAPP, Idempotency_Key=sent)

    assert answer.wrong_fields == {"idempotencyKey": "not_printable"}
    assert not Order.objects.exists()


@pytest.mark.parametrize("limit", [1e-300, 0.1234567890123, 5e-324])
def test_a_limit_may_have_any_number_of_decimals(api: Api, limit: float) -> None:
    assert api.post("/order", WHATSAPP | {"max_price": limit}).refusal == (409, "price_above_max")


def test_too_little_money_is_a_402(api: Api) -> None:
    api.key = cast.key_for(cast.open_account("carol"))

    answer = api.post("/order", WHATSAPP)

    assert answer.refusal == (402, "insufficient_balance")
    assert not answer.error["retryable"]
    assert not Order.objects.exists()


def test_a_price_above_the_limit_is_refused_with_the_price(api: Api, price: int) -> None:
    limit = Decimal(price - 1) / 16_250

    answer = api.post("/order", WHATSAPP | {"max_price": f"{limit:.6f}"})

    assert answer.refusal == (409, "price_above_max")
    assert answer.error["details"] == {"currentPrice": price, "currency": "IDR"}
    assert not Order.objects.exists()


def test_a_limit_in_usd_cannot_be_checked_without_a_rate(api: Api) -> None:
    ExchangeRate.objects.update(as_of=timezone.now() - timedelta(hours=73))

    answer = api.post("/order", WHATSAPP | {"max_price": 100})

    assert answer.refusal == (409, "rate_unavailable")
    assert answer.error["retryable"]


def test_nothing_on_sale_is_a_503(api: Api) -> None:
    Offer.objects.filter(service__code="whatsapp", country__code="id").update(stock=0)

    assert api.post("/order", WHATSAPP).refusal == (503, "no_numbers")


def test_a_plan_holds_so_many_open_orders(api: Api, alice: User) -> None:
    alice.plan = Plan.objects.get(code="free")
    alice.save()
    for _ in range(alice.plan.max_open_orders):
        open_row(alice)

    answer = api.post("/order", WHATSAPP)

    assert answer.refusal == (429, "too_many_open_orders")
    assert answer.error["details"] == {"openOrders": alice.plan.max_open_orders}


def test_the_first_request_still_under_way_is_a_409(api: Api, alice: User) -> None:
    order = open_row(
        alice,
        status=Status.PURCHASING,
        idempotency_key="order-1001",
        fingerprint=cast.whatsapp_in_indonesia().fingerprint,
    )

    answer = api.post("/order", WHATSAPP | {"idempotencyKey": "order-1001"})

    assert answer.refusal == (409, "idempotency_in_progress")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.error["details"] == {"orderId": order.public_id}


def open_row(user: User, **changes: Any) -> Order:
    now = timezone.now()
    row: dict[str, Any] = {
        "status": Status.WAITING,
        "phone_number": "+62800000000",
        "expires_at": now + timedelta(minutes=20),
        "next_action_at": now + timedelta(minutes=20),
    }
    return Order.objects.create(
        user=user,
        mode=Mode.LIVE,
        service_id="whatsapp",
        country_id="id",
        provider="any",
        price=1_000,
        currency="IDR",
        **row | changes,
    )
