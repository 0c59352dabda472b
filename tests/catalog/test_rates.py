"""Refreshing exchange rates: what is stored, what waits for a person, and what prices follow."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Mode, User
from catalog import tasks
from catalog.actions import exchange_rates, reprice_offers
from catalog.models import ExchangeRate, Offer
from catalog.rates import refresh_rates
from suppliers import transport
from suppliers.rates.base import RatesUnavailable
from suppliers.rates.registry import UnknownSource
from tests import cast
from tests.api.calls import Api

pytestmark = pytest.mark.usefixtures("committed")

GOODS = {"service": "whatsapp", "country": "id"}


@dataclass
class Publisher:
    """A publisher of rates that says what a test wants it to say."""

    url: str = ""
    status: int = 200
    rates: dict[str, Any] = field(default_factory=dict)
    as_of: datetime = field(default_factory=timezone.now)
    body: bytes | None = None

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        answer = {
            "result": "success",
            "base_code": "USD",
            "time_last_update_unix": int(self.as_of.timestamp()),
            "rates": {"USD": 1, **self.rates},
        }
        return json.dumps(answer).encode()


@pytest.fixture
def publisher(settings: Settings) -> Iterator[Publisher]:
    published = Publisher(rates={"IDR": 16_500, "RUB": 80, "EUR": 0.9, "CNY": 7})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = published.answer()
            self.send_response(published.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        published.url = f"http://127.0.0.1:{server.server_address[1]}/"
        settings.EXCHANGE_RATE_SOURCE = "open-rates"
        settings.EXCHANGE_RATE_URL = published.url
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield published
        server.shutdown()
        thread.join()
    transport.close_clients()


@pytest.fixture(autouse=True)
def rates_are_put_back(committed: None) -> Iterator[None]:
    """The catalogue outlives a test."""
    before = list(ExchangeRate.objects.all())
    yield
    ExchangeRate.objects.all().delete()
    ExchangeRate.objects.bulk_create(before)
    reprice_offers(now=timezone.now())


def current(currency: str) -> Decimal | None:
    return exchange_rates(timezone.now()).get(currency)


def price() -> int | None:
    offer = Offer.objects.get(supplier__code="alpha", service__code="whatsapp", country__code="id")
    return offer.price


def test_rates_are_stored_with_their_time_and_source(publisher: Publisher) -> None:
    stored = refresh_rates(now=timezone.now())

    assert {rate.currency: rate.rate for rate in stored} == {
        "USD": Decimal(16_500),
        "RUB": Decimal("206.25"),
        "EUR": Decimal("18333.33333333"),
        "CNY": Decimal("2357.14285714"),
    }
    assert {rate.source for rate in stored} == {"open-rates"}
    assert {rate.as_of for rate in stored} == {publisher.as_of.replace(microsecond=0)}
    assert not any(rate.needs_review for rate in stored)


def test_prices_follow(publisher: Publisher) -> None:
    before = price()

    refresh_rates(now=timezone.now())

    assert current("USD") == Decimal(16_500).scaleb(-4)
    after = price()
    assert before is not None
    assert after is not None
    assert after > before


def test_the_same_rates_are_stored_once(publisher: Publisher) -> None:
    assert len(refresh_rates(now=timezone.now())) == 4
    assert refresh_rates(now=timezone.now()) == []


def test_a_rate_that_moved_too_far_waits_for_a_person(publisher: Publisher) -> None:
    before = (current("USD"), price())
    publisher.rates = {"IDR": 20_000}

    [rate] = refresh_rates(now=timezone.now())

    assert rate.needs_review
    assert (current("USD"), price()) == before


@pytest.mark.parametrize(
    ("rate", "is_held"), [(17_875, False), (17_876, True), (14_625, False), (14_624, True)]
)
def test_the_band_is_ten_percent_of_the_last_one(
    publisher: Publisher, rate: int, is_held: bool
) -> None:
    publisher.rates = {"IDR": rate}

    [stored] = refresh_rates(now=timezone.now())

    assert stored.needs_review is is_held


def test_what_waits_is_not_what_the_next_is_measured_by(publisher: Publisher) -> None:
    publisher.rates = {"IDR": 20_000}
    refresh_rates(now=timezone.now())

    publisher.rates, publisher.as_of = {"IDR": 20_100}, publisher.as_of + timedelta(seconds=1)
    [second] = refresh_rates(now=timezone.now())
    publisher.rates, publisher.as_of = {"IDR": 16_300}, publisher.as_of + timedelta(seconds=1)
    [third] = refresh_rates(now=timezone.now())

    assert second.needs_review
    assert not third.needs_review


def test_staff_accept_what_waits(publisher: Publisher, staff: User, client: Client) -> None:
    publisher.rates = {"IDR": 20_000}
    [rate] = refresh_rates(now=timezone.now())
    client.force_login(staff)
    before = price()

    client.post(
        reverse("admin:catalog_exchangerate_changelist"),
        {"action": "accept", "_selected_action": [rate.pk]},
    )

    assert current("USD") == Decimal(2)
    after = price()
    assert before is not None
    assert after is not None
    assert after > before


def test_a_currency_that_is_missing_keeps_the_rate_it_has(publisher: Publisher) -> None:
    publisher.rates = {"IDR": 16_500, "RUB": -3, "EUR": "NaN"}

    stored = refresh_rates(now=timezone.now())

    assert [rate.currency for rate in stored] == ["USD"]


def test_without_the_shops_currency_nothing_is_stored(publisher: Publisher) -> None:
    publisher.rates = {"EUR": 0.9}

    assert refresh_rates(now=timezone.now()) == []


@pytest.mark.parametrize("rate", [1e-9, 10**8])
def test_an_absurd_rate_is_not_believed(publisher: Publisher, rate: float) -> None:
    before = current("USD")
    publisher.rates = {"IDR": rate, "EUR": 900_000_000, "RUB": "0.0000000001"}

    refresh_rates(now=timezone.now())

    assert current("USD") == before


@pytest.mark.parametrize("age", [timedelta(hours=73), timedelta(hours=-1)], ids=["old", "ahead"])
def test_rates_of_another_time_are_not_stored(publisher: Publisher, age: timedelta) -> None:
    publisher.as_of = timezone.now() - age

    with pytest.raises(RatesUnavailable):
        refresh_rates(now=timezone.now())

    assert not ExchangeRate.objects.filter(source="open-rates").exists()


def test_older_rates_do_not_replace_newer_ones(publisher: Publisher) -> None:
    ExchangeRate.objects.create(currency="USD", rate=Decimal(16_400), as_of=timezone.now())
    publisher.as_of = timezone.now() - timedelta(hours=5)

    refresh_rates(now=timezone.now())

    assert current("USD") == Decimal("1.64")


@pytest.mark.parametrize(
    "lie",
    [
        {"status": 500},
        {"status": 302},
        {"body": b"<html>busy</html>"},
        {"body": b""},
        {"body": b" " * 5_000_000},
        {"body": b"\xff" * 100},
        {"rates": {}},
        {"as_of": datetime.fromisoformat("2001-01-01T00:00:00Z")},
    ],
    ids=lambda lie: ascii(lie)[:30],
)
def test_the_task_survives_whatever_is_published(
    publisher: Publisher, lie: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    before = current("USD")
    for name, value in lie.items():
        setattr(publisher, name, value)

    tasks.refresh_rates()

    assert current("USD") == before
    assert "rate" in caplog.text


def test_the_task_survives_a_source_that_is_none(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EXCHANGE_RATE_SOURCE = "nobody"

    tasks.refresh_rates()

    assert UnknownSource.__name__ in caplog.text


def test_without_a_source_nobody_is_asked(publisher: Publisher, settings: Settings) -> None:
    settings.EXCHANGE_RATE_SOURCE = ""

    tasks.refresh_rates()

    assert not ExchangeRate.objects.filter(source="open-rates").exists()


# ---- a rate that is too old -------------------------------------------------------------------


@pytest.fixture
def only_old_rates() -> None:
    ExchangeRate.objects.update(as_of=timezone.now() - timedelta(hours=72, minutes=1))


@pytest.mark.usefixtures("only_old_rates")
def test_an_old_rate_is_none() -> None:
    assert set(exchange_rates(timezone.now())) == {"IDR"}


@pytest.mark.usefixtures("only_old_rates", "simulator")
def test_without_a_rate_no_limit_in_dollars_can_be_kept(client: Client, alice: User) -> None:
    api = Api(client, cast.key_for(alice))

    answer = api.post("/order", GOODS | {"max_price": 5})

    assert answer.refusal == (409, "rate_unavailable")
    assert answer.error["retryable"]
    assert cast.balance(alice) == 1_000_000


@pytest.mark.usefixtures("only_old_rates", "simulator")
def test_without_a_rate_an_order_has_no_price_in_dollars(client: Client, alice: User) -> None:
    """Its price in rupiah was baked in while there was a rate, and holds until the next one."""
    api = Api(client, cast.key_for(alice, mode=Mode.SANDBOX))

    shown = api.get("/price?service=whatsapp&country=id").data
    order = api.post("/order", GOODS).data

    assert shown["priceUsd"] is None
    assert order["priceUsd"] is None
    assert order["price"] == shown["price"]


@pytest.mark.usefixtures("only_old_rates", "simulator")
def test_what_costs_dollars_is_not_sold_without_a_rate(client: Client, alice: User) -> None:
    reprice_offers(now=timezone.now())
    api = Api(client, cast.key_for(alice))

    assert api.get("/price?service=whatsapp&country=id").refusal == (404, "not_offered")
    assert api.post("/order", GOODS).refusal == (503, "no_numbers")
