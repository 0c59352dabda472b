"""GET /price: what POST /order would charge for the same parameters."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.models import ExchangeRate, Offer, Supplier
from tests import cast
from tests.api.calls import Api

GOODS = "service=whatsapp&country=id"


def offers() -> list[Offer]:
    found = Offer.objects.filter(
        service__code="whatsapp", country__code="id", supplier__code="alpha", stock__gt=0
    )
    return list(found.exclude(price=None).select_related("supplier").order_by("price"))


@pytest.fixture
def beta(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A dearer supplier that delivers better, at the same address as alpha.

    Ask for it before `committed`: it can only go once the orders that used it are gone.
    """
    with django_db_blocker.unblock():
        [before] = offers()
        twin = Supplier.objects.get(code="alpha")
        twin.pk, twin.code = None, "beta"
        twin.save()
        dearer = {"price": (before.price or 0) + 1_000, "delivered_count": 95, "ended_count": 100}
        [offer] = offers()
        offer.pk, offer.supplier = None, twin
        for name, value in dearer.items():
            setattr(offer, name, value)
        offer.save()
        Offer.objects.filter(pk=before.pk).update(delivered_count=10, ended_count=100)
        try:
            yield
        finally:
            twin.delete()
            before.save()


def test_the_cheapest_unless_told(api: Api) -> None:
    first = offers()[0]

    data = api.get(f"/price?{GOODS}").data

    assert data == {
        "serviceCode": "whatsapp",
        "countryCode": "id",
        "providerCode": first.provider_code,
        "price": first.price,
        "currency": "IDR",
        "priceUsd": round((first.price or 0) / 16_250, 4),
        "stock": first.stock,
        "successRate": None,
    }


@pytest.mark.parametrize("query", ["service=svc_whatsapp&country=cty_id", f"{GOODS}&pool=any"])
def test_ids_and_any_are_understood(api: Api, query: str) -> None:
    assert api.get(f"/price?{query}").data == api.get(f"/price?{GOODS}").data


@pytest.mark.usefixtures("beta", "committed", "simulator")
@pytest.mark.parametrize("option", [{}, {"pricing_option": "0"}, {"pricing_option": "1"}], ids=str)
@pytest.mark.parametrize("choice", [{}, {"provider": "alpha"}, {"pool": "beta"}], ids=str)
def test_the_price_shown_is_the_price_charged(
    api: Api, alice: User, option: dict[str, str], choice: dict[str, str]
) -> None:
    wanted = {"service": "whatsapp", "country": "id", **option, **choice}

    shown = api.get("/price?" + "&".join(f"{name}={value}" for name, value in wanted.items())).data
    order = api.post("/order", wanted).data

    for field in ("price", "currency", "priceUsd", "serviceCode", "countryCode", "providerCode"):
        assert order[field] == shown[field]
    assert cast.balance(alice) == 1_000_000 - shown["price"]


@pytest.mark.usefixtures("beta", "committed")
def test_the_two_options_differ(api: Api) -> None:
    cheapest = api.get(f"/price?{GOODS}&pricing_option=0").data
    best = api.get(f"/price?{GOODS}&pricing_option=1").data

    assert cheapest["providerCode"].startswith("alpha")
    assert best["providerCode"].startswith("beta")
    assert cheapest["price"] < best["price"]
    assert (cheapest["successRate"], best["successRate"]) == (0.1, 0.95)


def test_everything_missing_or_wrong_is_named(api: Api) -> None:
    answer = api.get("/price?provider=value&pricing_option=value")

    assert answer.wrong_fields == {
        "service": "required",
        "country": "required",
        "provider": "unknown",
        "pricing_option": "out_of_range",
    }


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("", {"service": "required", "country": "required"}),
        ("service=&country=", {"service": "required", "country": "required"}),
        ("service=value&country=value", {"service": "unknown", "country": "unknown"}),
        ("service=svc_SAMPLE&country=cty_SAMPLE", {"service": "unknown", "country": "unknown"}),
        ("service=%00&country=%00", {"service": "unknown", "country": "unknown"}),
        ("service=test-slow&country=id", {"service": "unknown"}),
        (f"{GOODS}&pool=value", {"pool": "unknown"}),
        (f"{GOODS}&provider=sandbox", {"provider": "unknown"}),
        (f"{GOODS}&provider=alpha&pool=any", {"pool": "conflict"}),
        (f"{GOODS}&pricing_option=2", {"pricing_option": "out_of_range"}),
        (f"{GOODS}&pricing_option=%D9%A1", {"pricing_option": "out_of_range"}),
    ],
)
def test_a_wrong_parameter_is_a_400(api: Api, query: str, wrong: dict[str, str]) -> None:
    assert api.get(f"/price?{query}").wrong_fields == wrong


def test_what_nobody_sells_is_not_offered(api: Api) -> None:
    Offer.objects.filter(service__code="whatsapp", country__code="id").update(stock=0)

    answer = api.get(f"/price?{GOODS}")

    assert answer.refusal == (404, "not_offered")
    assert not answer.error["retryable"]


def test_a_supplier_that_rests_offers_nothing(api: Api) -> None:
    Supplier.objects.filter(code="alpha").update(paused_until=timezone.now() + timedelta(minutes=1))

    assert api.get(f"/price?{GOODS}&provider=alpha").refusal == (404, "not_offered")


def test_without_a_fresh_rate_there_is_no_price_in_dollars(api: Api) -> None:
    ExchangeRate.objects.update(as_of=timezone.now() - timedelta(hours=73))

    data = api.get(f"/price?{GOODS}").data

    assert data["priceUsd"] is None
    assert data["price"] == offers()[0].price


def test_the_sandbox_has_prices_of_its_own(sandbox_api: Api) -> None:
    data = sandbox_api.get("/price?service=test-slow&country=id").data

    assert data["providerCode"] == "sandbox"


def test_the_scope_is_asked_for(api: Api, alice: User) -> None:
    api.key = cast.key_for(alice, scopes=["order:read"])

    assert api.get(f"/price?{GOODS}").refusal == (403, "scope_missing")
