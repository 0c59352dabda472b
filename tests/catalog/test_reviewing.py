"""The queue of codes in the admin: what waits is accepted, refused or told, and sold after that."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import HeldChange, Service, ServiceMapping, Supplier, SyncRun
from tests.catalog.lists import NAMED, cost, line, stock, sync


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def waiting(beta: Supplier, prices) -> ServiceMapping:
    """A code of WhatsApp's that goes by another name."""
    prices.names = NAMED | {"wa": "WA Messenger"}
    sync(beta)
    return ServiceMapping.objects.get(supplier=beta, code="wa")


def act(desk: Client, action: str, *rows: Any) -> None:
    address = reverse(f"admin:catalog_{rows[0]._meta.model_name}_changelist")
    answer = desk.post(address, {"action": action, "_selected_action": [row.pk for row in rows]})
    assert answer.status_code == 302


def test_what_is_accepted_is_sold_when_the_same_list_is_read_again(
    desk: Client, beta: Supplier, waiting: ServiceMapping
) -> None:
    before = stock(beta)

    act(desk, "accept", waiting)
    sync(beta)

    assert ("whatsapp", "id") not in before
    assert stock(beta)["whatsapp", "id"] == 5
    assert LogEntry.objects.filter(object_id=str(waiting.pk)).exists()


def test_without_a_proposal_nothing_is_accepted(desk: Client, waiting: ServiceMapping) -> None:
    ServiceMapping.objects.filter(pk=waiting.pk).update(service=None)

    act(desk, "accept", waiting)

    waiting.refresh_from_db()
    assert not waiting.is_reviewed


def test_what_is_refused_is_off_sale_at_once(desk: Client, beta: Supplier, prices) -> None:
    sync(beta)
    mapping = ServiceMapping.objects.get(supplier=beta, code="wa")

    act(desk, "refuse", mapping)
    at_once = stock(beta)
    run = sync(beta)

    assert at_once == {("whatsapp", "id"): 0, ("telegram", "id"): 5, ("whatsapp", "us"): 0}
    assert (run.written_count, run.unmapped_count) == (0, 0)


def test_a_code_can_be_told_what_it_means(
    desk: Client, beta: Supplier, waiting: ServiceMapping
) -> None:
    discord = Service.objects.get(code="discord")
    address = reverse("admin:catalog_servicemapping_change", args=[waiting.pk])
    told = {"supplier": beta.pk, "code": "wa", "name": "WA Messenger", "service": discord.pk}

    assert desk.post(address, told).status_code == 302
    sync(beta)

    assert stock(beta)["discord", "id"] == 5


def test_the_queue_begins_with_most_stock(desk: Client, beta: Supplier, prices) -> None:
    prices.lines = [line("few", stock=1), line("many", stock=900), line("some", stock=30)]
    sync(beta)

    page = desk.get(reverse("admin:catalog_servicemapping_changelist"), {"review": "unknown"})

    codes = [mapping.code for mapping in page.context["cl"].result_list]
    assert codes == ["many", "some", "few"]


@pytest.mark.parametrize("review", ["proposed", "unknown", "sold", "refused"])
def test_the_queue_can_be_parted(desk: Client, beta: Supplier, prices, review: str) -> None:
    prices.names = NAMED | {"wa": "WA Messenger", "~x": "Zzyzx"}
    sync(beta)
    refused = ServiceMapping.objects.get(supplier=beta, code="go")
    act(desk, "refuse", refused)

    page = desk.get(
        reverse("admin:catalog_servicemapping_changelist"),
        {"review": review, "supplier__id__exact": str(beta.pk)},
    )

    found = {mapping.code for mapping in page.context["cl"].result_list}
    assert found == {{"proposed": "wa", "unknown": "~x", "sold": "tg", "refused": "go"}[review]}


def test_held_changes_are_believed_by_a_button(desk: Client, beta: Supplier, prices) -> None:
    sync(beta)
    prices.lines = [line("wa", cost=50_000), *prices.lines[1:]]
    sync(beta)

    act(desk, "believe", HeldChange.objects.get(offer__supplier=beta))

    assert cost(beta) == 50_000


def test_syncs_are_shown_alone_and_on_their_suppliers_page(
    desk: Client, beta: Supplier, prices
) -> None:
    sync(beta)
    SyncRun.objects.create(
        supplier=beta, began_at=timezone.now(), lease_until=timezone.now(), read_count=1234
    )

    log = desk.get(reverse("admin:catalog_syncrun_changelist"), {"state__exact": "reading"})
    page = desk.get(reverse("admin:catalog_supplier_overview", args=[beta.pk]))

    assert b"1234" in log.content
    assert b"1234" in page.content
