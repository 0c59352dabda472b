"""Suppliers in the admin: stopped, paused, tested and looked at, by whoever may and once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Mode, User
from catalog.actions import lift_stop, stop_buying
from catalog.models import Pause, PauseReason, Service, Supplier
from office.models import Act, AuditEntry
from orders.actions import NoNumbers
from orders.models import Order, PurchaseAttempt
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague, desk_of
from tests.together import all_at_once

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("committed", "in_english", "simulator")


@pytest.fixture
def owner(colleague: Colleague) -> User:
    return colleague("owner")


@pytest.fixture
def desk(owner: User) -> Client:
    return desk_of(owner)


@pytest.fixture(autouse=True)
def bought_again(committed: None) -> Any:
    yield
    lift_stop()


def page(name: str, supplier: Supplier | None = None) -> str:
    return reverse(f"admin:catalog_supplier_{name}", args=[supplier.pk] if supplier else [])


def test_the_stop_covers_everybody_and_lifting_it_brings_back_what_was_on(
    alice: User, alpha: Supplier, colleague: Colleague, desk: Client
) -> None:
    Supplier.objects.exclude(pk=alpha.pk).filter(mode=Mode.LIVE).update(is_enabled=False)
    on_duty = desk_of(colleague("support"))

    without = on_duty.post(page("stop"), {"reason": ""})
    assert (without.status_code, Supplier.objects.stopped().count()) == (422, 0)
    on_duty.post(page("stop"), {"reason": "codes of others"})
    with pytest.raises(NoNumbers):
        cast.buy(alice)
    assert on_duty.post(page("resume"), {"reason": "x"}).status_code == 403
    desk.post(page("resume"), {"reason": "mended"})
    order = cast.buy(alice)

    assert order.status == "waiting"
    assert cast.attempt_of(order).supplier == alpha
    assert set(Supplier.objects.filter(mode=Mode.LIVE, is_enabled=True)) == {alpha}
    reasons = AuditEntry.objects.filter(subject="catalog_supplier", row_id=str(alpha.pk))
    assert list(reasons.order_by("pk").values_list("reason", flat=True)) == [
        "codes of others",
        "mended",
    ]


def test_the_sandbox_goes_on() -> None:
    stop_buying(now=timezone.now())

    assert Supplier.objects.selling(Mode.SANDBOX, timezone.now()).exists()
    assert not Supplier.objects.selling(Mode.LIVE, timezone.now()).exists()


def test_many_who_stop_at_once_stop_once() -> None:
    stopped = all_at_once(lambda _n: stop_buying(now=timezone.now()), count=6)

    assert sum(map(int, map(str, stopped))) == Supplier.objects.filter(mode=Mode.LIVE).count()


def test_the_next_supplier_is_not_asked_after_the_stop(
    alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    from orders.actions.buying import _switched_off

    offers = list(alpha.offer_set.all()[:1])
    assert _switched_off(offers) == set()
    stop_buying(now=timezone.now())

    assert _switched_off(offers) == {alpha.pk}


def test_a_pause_by_staff_and_its_lifting_are_told(
    desk: Client, owner: User, alpha: Supplier
) -> None:
    service = Service.objects.get(code="whatsapp")
    country = alpha.offer_set.filter(service=service)[0].country
    Pause.objects.create(
        supplier=alpha, service=service, country=country, until=timezone.now() + HOUR
    )

    bad = desk.post(page("pause", alpha), {"minutes": "7", "reason": "x"})
    desk.post(page("pause", alpha), {"minutes": "60", "reason": "they asked"})
    alpha.refresh_from_db()
    assert bad.status_code == 422
    assert alpha.paused_for == PauseReason.STAFF
    desk.post(page("lift", alpha), {"reason": "well again"})

    alpha.refresh_from_db()
    assert (alpha.paused_until, Pause.objects.count()) == (None, 0)
    paused, lifted = AuditEntry.objects.filter(act__in=[Act.PAUSED, Act.LIFTED]).order_by("pk")
    assert (paused.by, paused.reason) == (owner, "they asked")
    assert lifted.reason == "well again"
    assert "WhatsApp" in str(lifted.changes["pauses"][0])


def test_switching_many_asks_for_a_reason_first(desk: Client, alpha: Supplier) -> None:
    address = reverse("admin:catalog_supplier_changelist")
    ticked = {"action": "switch_off", "_selected_action": [alpha.pk]}

    asked = desk.post(address, ticked)
    alpha.refresh_from_db()
    assert (asked.status_code, alpha.is_enabled) == (200, True)
    assert desk.post(address, ticked | {"asked": "1", "reason": ""}).status_code == 422
    desk.post(address, ticked | {"asked": "1", "reason": "too dear"})

    alpha.refresh_from_db()
    assert not alpha.is_enabled
    entry = AuditEntry.objects.filter(subject="catalog_supplier").latest("pk")
    assert (entry.reason, entry.changes) == ("too dear", {"is_enabled": [True, False]})


def test_the_key_goes_in_and_never_out(desk: Client, alpha: Supplier) -> None:
    address = reverse("admin:catalog_supplier_change", args=[alpha.pk])
    fields = {
        **{name: getattr(alpha, name) for name in ("name", "code", "protocol", "mode")},
        **{"base_url": alpha.base_url, "currency": alpha.currency, "priority": 3},
        "options": json.dumps(alpha.options),
    }
    try:
        assert desk.post(address, fields | {"api_key": "brand-new-secret"}).status_code == 302
        alpha.refresh_from_db()
        assert (alpha.api_key(), alpha.priority) == ("brand-new-secret", 3)
        seen = [desk.get(address), desk.get(page("overview", alpha))]
        assert not any(b"brand-new-secret" in each.content for each in seen)
        entry = AuditEntry.objects.filter(subject="catalog_supplier").latest("pk")
        assert entry.changes == {"api_key_encrypted": ["•••", "•••"], "priority": [0, 3]}
        desk.post(address, fields)
        alpha.refresh_from_db()
        assert alpha.api_key() == "brand-new-secret"
    finally:
        alpha.set_api_key("simulator-key")
        alpha.priority = 0
        alpha.save(update_fields=["api_key_encrypted", "priority"])


def test_saving_the_settings_keeps_what_the_breaker_wrote_meanwhile(
    desk: Client, alpha: Supplier
) -> None:
    address = reverse("admin:catalog_supplier_change", args=[alpha.pk])
    form = desk.get(address).context["adminform"].form
    until = timezone.now() + HOUR
    Supplier.objects.filter(pk=alpha.pk).update(paused_until=until, failure_count=4)

    shown = {name: value for name, value in form.initial.items() if value is not None}
    desk.post(address, shown | {"options": json.dumps(alpha.options), "name": alpha.name})

    alpha.refresh_from_db()
    assert (alpha.paused_until, alpha.failure_count) == (until, 4)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ({}, "ACCESS_BALANCE"),
        ({"html": 1}, "OutcomeUnknown"),
        ({"empty": 1}, "OutcomeUnknown"),
        ({"outage": 1}, "OutcomeUnknown"),
        ({"outage_503": 1}, "503"),
        ({"too_fast": 1}, "Refused"),
    ],
)
def test_a_test_call_tells_what_a_supplier_answers_however_it_lies(
    desk: Client, alpha: Supplier, simulator: RemoteSimulator, faults: dict[str, float], told: str
) -> None:
    simulator.control(faults=faults)

    answer = desk.post(page("test", alpha))

    text = answer.content.decode()
    assert answer.status_code == 200
    assert told in text
    assert "simulator-key" not in text
    assert (answer.context["call"]["call"].balance is None) is bool(faults)
    assert AuditEntry.objects.get(act=Act.TESTED).row_id == str(alpha.pk)


def test_test_calls_are_limited(desk: Client, alpha: Supplier) -> None:
    answers = [desk.post(page("test", alpha)).status_code for _ in range(4)]

    assert answers == [200, 200, 302, 302]


def test_a_supplier_that_is_not_there_is_told_as_such(desk: Client, alpha: Supplier) -> None:
    address = alpha.base_url
    try:
        Supplier.objects.filter(pk=alpha.pk).update(base_url="http://127.0.0.1:1/nothing")
        answer = desk.post(page("test", alpha))
    finally:
        Supplier.objects.filter(pk=alpha.pk).update(base_url=address)

    assert "Unreachable" in answer.context["call"]["call"].error


def test_pages_of_a_supplier_count_what_happened(
    desk: Client, alpha: Supplier, received: Order, alice: User
) -> None:
    cast.buy(alice)

    success = desk.get(page("success", alpha)).context
    (line,) = success["lines"]

    assert (line.service, line.asked, line.bought) == ("whatsapp", 2, 2)
    assert (line.delivered, line.ended, line.rate) == (1, 1, 100.0)
    assert 0 <= line.wait < 60
    assert success["total"].asked == 2
    books = desk.get(page("books", alpha)).context["lines"][0]
    cost = sum(PurchaseAttempt.objects.values_list("cost", flat=True))
    assert (books["day"].our_count, books["day"].our_kept) == (2, cost)
    assert (books["day"].theirs, books["difference"]) == (None, "—")


@pytest.mark.parametrize("name", ["overview", "success", "costs", "books", "sync_panel"])
def test_pages_of_a_supplier_ask_little(desk: Client, alpha: Supplier, name: str) -> None:
    desk.get(page(name, alpha))

    with CaptureQueriesContext(connection) as queries:
        answer = desk.get(page(name, alpha))

    assert answer.status_code == 200
    assert len(queries) <= 24


def test_a_day_that_never_was_shows_the_newest(desk: Client, alpha: Supplier) -> None:
    for last in ("2026-13-45", "x", "9999-12-31", "0001-01-01", ""):
        assert desk.get(page("books", alpha), {"last": last}).status_code == 200


def test_the_push_address_is_for_owners(
    colleague: Colleague, desk: Client, alpha: Supplier
) -> None:
    alpha.renew_push_token()
    alpha.save(update_fields=["push_token_encrypted"])
    token = alpha.push_token.encode()

    assert token in desk.get(page("overview", alpha)).content
    assert token not in desk_of(colleague("support")).get(page("overview", alpha)).content
