"""GET /services, /countries and /providers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Country, Offer, Service, Supplier
from tests.api.calls import Api


def cheapest(**goods: str) -> Offer:
    return Offer.objects.filter(price__isnull=False, stock__gt=0, **goods).order_by("price")[0]


# ---- services ---------------------------------------------------------------------------------


def test_services_are_named_coded_and_sorted_by_use(api: Api) -> None:
    data = api.get("/services").data

    first = data[0]
    assert set(first) == {"serviceCode", "serviceId", "name", "category", "available"}
    whatsapp = next(each for each in data if each["serviceCode"] == "whatsapp")
    assert whatsapp == {
        "serviceCode": "whatsapp",
        "serviceId": "svc_whatsapp",
        "name": "WhatsApp",
        "category": whatsapp["category"],
        "available": True,
    }
    assert len(data) == Service.objects.visible_in("live").count() > 300


def test_q_filters_by_name(api: Api) -> None:
    data = api.get("/services?q=WHATS").data

    assert [each["serviceCode"] for each in data] == ["whatsapp"]


@pytest.mark.parametrize("text", ["no-such-service", "%", "\\", "%27%3B--", "%00whatsapp%00x"])
def test_q_takes_any_text_literally(api: Api, text: str) -> None:
    assert api.get(f"/services?q={text}").data == []


@pytest.mark.parametrize("text", ["", "%20%20", "%00"])
def test_an_empty_q_filters_nothing(api: Api, text: str) -> None:
    assert len(api.get(f"/services?q={text}").data) > 300


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("7", 7), ("007", 7)])
def test_limit_holds(api: Api, limit: str, count: int) -> None:
    assert len(api.get(f"/services?limit={limit}").data) == count


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", "1e3", "2001", "9" * 500, "٣", "%00"])
def test_a_limit_that_cannot_be(api: Api, limit: str) -> None:
    assert api.get(f"/services?limit={limit}").wrong_fields == {"limit": "out_of_range"}


def test_an_empty_limit_is_none(api: Api) -> None:
    assert len(api.get("/services?limit=").data) > 300


@pytest.mark.parametrize("named", ["id", "cty_id", "ID"])
def test_with_a_country_services_show_price_and_stock(api: Api, named: str) -> None:
    data = api.get(f"/services?country={named}").data

    whatsapp = next(each for each in data if each["serviceCode"] == "whatsapp")
    offers = Offer.objects.filter(
        service__code="whatsapp", country__code="id", supplier__code="alpha", stock__gt=0
    )
    assert whatsapp["price"] == min(offer.price or 0 for offer in offers)
    assert whatsapp["stock"] == sum(offer.stock for offer in offers)
    assert isinstance(whatsapp["price"], int)


@pytest.mark.parametrize("named", ["zz", "cty_SAMPLE", "value", "%00", "x" * 500, "svc_id"])
def test_an_unknown_country_is_a_400(api: Api, named: str) -> None:
    assert api.get(f"/services?country={named}").wrong_fields == {"country": "unknown"}


def test_what_is_not_on_sale_is_not_available(api: Api) -> None:
    Offer.objects.filter(service__code="whatsapp").update(stock=0)

    data = api.get("/services?q=whatsapp&country=id").data

    assert (data[0]["available"], data[0]["price"], data[0]["stock"]) == (False, None, 0)


# ---- countries --------------------------------------------------------------------------------


def test_countries_are_named_coded_and_prefixed(api: Api) -> None:
    data = api.get("/countries", Accept_Language="en").data

    indonesia = next(each for each in data if each["countryCode"] == "id")
    assert indonesia == {
        "countryCode": "id",
        "countryId": "cty_id",
        "name": "Indonesia",
        "prefix": "+62",
        "available": True,
    }
    assert all(each["countryCode"] == each["countryCode"].lower() for each in data)
    assert len(data) == Country.objects.visible().count() > 150


@pytest.mark.parametrize("named", ["whatsapp", "svc_whatsapp", "WhatsApp"])
def test_with_a_service_countries_show_price_and_stock(api: Api, named: str) -> None:
    data = api.get(f"/countries?service={named}").data

    indonesia = next(each for each in data if each["countryCode"] == "id")
    assert indonesia["price"] == cheapest(service__code="whatsapp", country__code="id").price
    assert indonesia["stock"] > 0
    assert all((each["price"] is None) == (each["stock"] == 0) for each in data)


@pytest.mark.parametrize("named", ["nothing", "svc_SAMPLE", "%00", "x" * 500])
def test_an_unknown_service_is_a_400(api: Api, named: str) -> None:
    assert api.get(f"/countries?service={named}").wrong_fields == {"service": "unknown"}


# ---- providers --------------------------------------------------------------------------------


def test_providers_begin_with_any(api: Api) -> None:
    data = api.get("/providers?service=whatsapp&country=id").data

    any_, first = data[0], data[1]
    assert set(any_) == {
        *("providerCode", "name", "price", "stock", "successRate", "sampleSize"),
    }
    assert (any_["providerCode"], any_["name"]) == ("any", "Any Provider")
    assert any_["price"] == first["price"] == min(each["price"] for each in data)
    assert any_["stock"] == sum(each["stock"] for each in data[1:])
    assert first["providerCode"].startswith("alpha")


def test_suppliers_names_stay_ours(api: Api) -> None:
    names = [each["name"] for each in api.get("/providers").data]

    assert Supplier.objects.get(code="alpha").name == "Simulator"
    assert names[:2] == ["Any Provider", "Alpha"]


@pytest.mark.parametrize("query", ["", "?service=whatsapp", "?country=id", "?service=&country="])
def test_service_and_country_are_optional(api: Api, query: str) -> None:
    data = api.get(f"/providers{query}").data

    assert data[0]["providerCode"] == "any"


def test_observed_success_is_shown_with_its_sample(api: Api) -> None:
    Offer.objects.filter(service__code="whatsapp", country__code="id").update(
        delivered_count=30, ended_count=40
    )

    for shown in api.get("/providers?service=whatsapp&country=id").data:
        assert (shown["successRate"], shown["sampleSize"]) == (0.75, 40)


def test_without_a_sample_there_is_no_rate(api: Api) -> None:
    for shown in api.get("/providers?service=whatsapp&country=id").data:
        assert (shown["successRate"], shown["sampleSize"]) == (None, 0)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("service=nothing", {"service": "unknown"}),
        ("country=zz", {"country": "unknown"}),
        ("service=test-slow", {"service": "unknown"}),
    ],
)
def test_an_unknown_parameter_is_a_400(api: Api, query: str, wrong: dict[str, str]) -> None:
    assert api.get(f"/providers?{query}").wrong_fields == wrong


def test_nobody_sells_what_is_out_of_stock(api: Api) -> None:
    Offer.objects.filter(service__code="whatsapp", country__code="id").update(stock=0)

    assert api.get("/providers?service=whatsapp&country=id").data == []


@pytest.mark.parametrize(
    "mood",
    [{"is_enabled": False}, {"paused_until": timezone.now() + timedelta(hours=1)}],
    ids=["switched off", "paused"],
)
def test_a_supplier_that_rests_sells_nothing(api: Api, mood: dict[str, Any]) -> None:
    Supplier.objects.filter(code="alpha").update(**mood)

    assert api.get("/providers").data == []
    assert not any(each["available"] for each in api.get("/countries").data)


# ---- two modes --------------------------------------------------------------------------------


def test_the_sandbox_has_services_of_its_own(api: Api, sandbox_api: Api) -> None:
    live = {each["serviceCode"] for each in api.get("/services").data}
    sandbox = {each["serviceCode"]: each for each in sandbox_api.get("/services").data}

    tests = {code for code in sandbox if code.startswith("test-")}
    assert tests == {
        *("test-slow", "test-no-code", "test-no-numbers", "test-resend", "test-late-code"),
        *("test-cancel-race", "test-early-cancel"),
    }
    assert not tests & live
    assert all(sandbox[code]["available"] for code in tests)


def test_each_mode_sees_its_own_providers(api: Api, sandbox_api: Api) -> None:
    live = {each["providerCode"].split(".")[0] for each in api.get("/providers").data}
    sandbox = {each["providerCode"] for each in sandbox_api.get("/providers").data}

    assert live == {"any", "alpha"}
    assert sandbox == {"any", "sandbox"}
