"""Services, countries, offers and the queue in the admin, as people use them."""

import struct
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog import marks, pictures
from catalog.actions import ask_sync, reprice_offers, sure_proposals, sync_catalogue
from catalog.actions.syncing import SyncUnderWay
from catalog.admin.syncs import largest_changes
from catalog.deciding_rules import deciding_rules
from catalog.models import (
    Block,
    Country,
    Offer,
    PricingRule,
    Proposer,
    Service,
    ServiceMapping,
    ServicePicture,
    Supplier,
    SyncRun,
    SyncState,
)
from nexotp.lib import brief
from tests.catalog.lists import NAMED, line, sync


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def png(side: int = 64, *, extra: bytes = b"", rows: int | None = None, color: int = 2) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    pixels = (b"\x00" + b"\x10\x80\x60" * side) * (side if rows is None else rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, color, 0, 0, 0))
        + chunk(b"tEXt", b"Comment\x00<script>alert(1)</script>")
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
        + extra
    )


# ---- pictures ---------------------------------------------------------------------------------


def test_a_picture_is_drawn_anew_and_carries_nothing_else() -> None:
    made = pictures.redrawn(png(extra=b"<svg onload=alert(1)>PK\x03\x04"))

    assert b"script" not in made
    assert b"svg" not in made
    assert b"PK" not in made
    assert pictures.redrawn(made) == made


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xff\xd8\xff\xe0JFIF",
        b"GIF89a" + b"\x00" * 50,
        png()[:-20],
        png()[:60] + b"\x00" + png()[61:],
        png(rows=63),
        png(rows=65),
        png(color=3),
        png(color=7),
        png(16),
        png(513),
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 100,
        png(extra=b"x" * pictures.MOST_BYTES),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(pictures.NotAPicture):
        pictures.redrawn(content)


def test_a_picture_that_unpacks_to_gigabytes_is_refused_early() -> None:
    bomb = png(rows=0)
    packed = zlib.compress(b"\x00" * 200_000_000, 9)[:200_000]
    chunk = struct.pack(">I", len(packed)) + b"IDAT" + packed
    chunk += struct.pack(">I", zlib.crc32(b"IDAT" + packed))
    at = bomb.index(b"IDAT") - 4

    with pytest.raises(pictures.NotAPicture):
        pictures.redrawn(bomb[:at] + chunk + bomb[-12:])


def change(desk: Client, service: Service, **fields: Any) -> Any:
    named = {
        name: getattr(service, name)
        for name in ("name", "code", "trade_code", "category", "popularity", "mark")
    }
    address = reverse("admin:catalog_service_change", args=[service.pk])
    return desk.post(address, named | fields)


def test_a_picture_of_your_own_is_shown_to_customers(desk: Client) -> None:
    service = Service.objects.get(code="whatsapp")
    bad = SimpleUploadedFile("evil.png", b"<svg onload=alert(1)/>", "image/png")
    good = SimpleUploadedFile("wa.gif", png(), "image/gif")

    refused = change(desk, service, picture=bad)
    assert refused.context["adminform"].form.errors.keys() == {"picture"}
    assert change(desk, service, picture=good).status_code == 302
    brief.forget_everything()
    address = marks.mark_url("whatsapp")
    answer = Client().get(address)

    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert answer.content == bytes(ServicePicture.objects.get().png)
    assert (
        Client().get(address.replace("whatsapp-", "x-").replace(".png", "0.png")).status_code == 404
    )
    service.refresh_from_db()
    change(desk, service, remove_picture="on")
    brief.forget_everything()
    assert marks.mark_url("whatsapp").endswith("marks/whatsapp.svg")


def test_a_drawing_of_another_name_can_be_chosen_and_no_other_file(desk: Client) -> None:
    service = Service.objects.get(code="whatsapp")

    for name in ("../../x", "nobody"):
        assert "mark" in change(desk, service, mark=name).context["adminform"].form.errors
    assert change(desk, service, mark="telegram").status_code == 302
    brief.forget_everything()

    assert marks.mark_url("whatsapp").endswith("marks/telegram.svg")


# ---- shown and hidden -------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "code"), [(Service, "whatsapp"), (Country, "id")])
def test_hiding_asks_for_a_reason_and_takes_it_off_sale(
    desk: Client, model: type[Any], code: str
) -> None:
    row = model.objects.get(code=code)
    address = reverse(f"admin:catalog_{model._meta.model_name}_changelist")
    ticked = {"action": "hide", "_selected_action": [row.pk]}

    assert desk.post(address, ticked).status_code == 200
    assert model.objects.get(pk=row.pk).is_visible
    desk.post(address, ticked | {"asked": "1", "reason": "the brand wrote to us"})
    assert not model.objects.get(pk=row.pk).is_visible
    desk.post(address, ticked | {"action": "show", "asked": "1", "reason": "settled"})

    assert model.objects.get(pk=row.pk).is_visible


# ---- offers -----------------------------------------------------------------------------------


def listed(desk: Client, **query: Any) -> set[Offer]:
    answer = desk.get(reverse("admin:catalog_offer_changelist"), query)
    assert answer.status_code == 200, answer.get("Location")
    return set(answer.context["cl"].result_list)


def test_offers_are_found_by_what_is_asked_of_them(desk: Client, alpha: Supplier) -> None:
    whatsapp = Service.objects.get(code="whatsapp")
    offers = list(Offer.objects.filter(supplier=alpha, service=whatsapp).order_by("country_id"))[
        :50
    ]
    first, second, third = offers[:3]
    Offer.objects.filter(pk=first.pk).update(stock=0)
    Offer.objects.filter(pk=second.pk).update(price=None)
    Offer.objects.filter(pk=third.pk).update(price=1)
    Block.objects.create(service=whatsapp, country=third.country, reason="x")
    here = {"service__id__exact": whatsapp.pk, "supplier__id__exact": alpha.pk}

    assert listed(desk, **here) == set(offers)
    assert listed(desk, **here, in_stock="no") == {first}
    assert first not in listed(desk, **here, in_stock="yes")
    assert listed(desk, **here, sale="unpriced") == {second}
    assert third in listed(desk, **here, sale="below")
    assert listed(desk, **here, sale="blocked") == {third}
    assert listed(desk, **here, sale="hidden") == set()
    assert listed(desk, q="whatsapp", supplier__id__exact=alpha.pk) == set(offers)
    assert listed(desk, q="nothing like it") == set()


def test_offers_are_told_by_the_rule_that_prices_them(desk: Client, alpha: Supplier) -> None:
    everything = PricingRule.objects.get()
    offer = Offer.objects.filter(supplier=alpha, service__code="whatsapp").order_by("pk")[0]
    made = {"markup_percent": 70, "floor": 1, "rounding": 1}
    rules = [
        everything,
        PricingRule.objects.create(service=offer.service, **made),
        PricingRule.objects.create(service=offer.service, country=offer.country, **made),
        PricingRule.objects.create(country=offer.country, **made),
        PricingRule.objects.create(
            country=offer.country, supplier=alpha, **(made | {"markup_percent": 90})
        ),
    ]
    reprice_offers(now=timezone.now())

    decides = deciding_rules([alpha], now=timezone.now())[alpha.pk]
    by_rule = {
        rule.pk: set(Offer.objects.filter(decides.where(rule), supplier=alpha)) for rule in rules
    }

    assert decides.of(offer) == rules[2]
    every = list(Offer.objects.filter(supplier=alpha))
    for each in every:
        of = decides.of(each)
        assert of is not None
        assert [pk for pk, found in by_rule.items() if each in found] == [of.pk]
    assert by_rule[rules[3].pk] == set(), "the supplier's own goes before it"
    assert sum(map(len, by_rule.values())) == len(every)
    assert offer in listed(desk, rule=rules[2].pk)
    for wrong in ("x", "99999999999999999999", "-1"):
        assert desk.get(reverse("admin:catalog_offer_changelist"), {"rule": wrong}).status_code in {
            200,
            302,
        }


def test_the_list_of_offers_asks_the_same_for_one_row_and_for_fifty(desk: Client) -> None:
    address = reverse("admin:catalog_offer_changelist")

    def asked(**query: str) -> int:
        brief.forget_everything()
        with CaptureQueriesContext(connection) as queries:
            desk.get(address, query)
        counts = [q["sql"] for q in queries.captured_queries if "COUNT(*)" in q["sql"]]
        assert not [sql for sql in counts if "catalog_offer" in sql]
        return len(queries)

    asked()
    assert asked() <= asked(q="whatsapp") + 2 <= 22


# ---- the queue --------------------------------------------------------------------------------


@pytest.fixture
def waiting(beta: Supplier, prices: Any) -> ServiceMapping:
    prices.names = NAMED | {"wa": "WhatsApp Messenger", "q9q": "Nobody knows"}
    prices.lines = [*prices.lines, line("q9q", stock=3)]
    sync(beta)
    return ServiceMapping.objects.get(supplier=beta, code="wa")


def test_what_two_signs_agree_on_is_sure(waiting: ServiceMapping) -> None:
    assert waiting.proposed_by == Proposer.CODE
    assert sure_proposals(ServiceMapping) == [waiting]
    ServiceMapping.objects.filter(pk=waiting.pk).update(name="Something else")
    assert sure_proposals(ServiceMapping) == []


def test_what_people_said_of_the_name_elsewhere_counts(
    waiting: ServiceMapping, alpha: Supplier
) -> None:
    other = ServiceMapping.objects.create(
        supplier=alpha, code="q1", name="whatsapp messenger", is_reviewed=True, service=None
    )

    assert sure_proposals(ServiceMapping) == [], "somebody refused this name"
    ServiceMapping.objects.filter(pk=other.pk).update(service=waiting.service)
    ServiceMapping.objects.filter(pk=waiting.pk).update(proposed_by=Proposer.PART)
    assert sure_proposals(ServiceMapping) == [waiting]


def test_all_sure_ones_are_accepted_at_once_and_only_those_that_were_seen(
    desk: Client, waiting: ServiceMapping
) -> None:
    address = reverse("admin:catalog_servicemapping_sure")

    desk.post(address, {"seen": "0,x,99999999999999999999999"})
    assert sure_proposals(ServiceMapping) == [waiting]
    desk.post(address, {"seen": desk.get(address).context["seen"]})

    waiting.refresh_from_db()
    assert waiting.is_reviewed
    assert SyncRun.objects.under_way().filter(supplier=waiting.supplier).count() == 1


def test_the_queue_is_gone_through_one_by_one(
    desk: Client, waiting: ServiceMapping, beta: Supplier
) -> None:
    address = reverse("admin:catalog_servicemapping_review")
    unknown = ServiceMapping.objects.get(supplier=beta, code="q9q")
    first = desk.get(address).context["mapping"]
    assert first == waiting, "the most stock first"

    later = desk.post(address, {"mapping": first.pk, "decision": "later"})
    assert desk.get(later["Location"]).context["mapping"] == unknown
    wrong = desk.post(address, {"mapping": unknown.pk, "decision": "another", "another": "xyz"})
    assert (wrong.status_code, wrong.context["form"].errors.keys()) == (422, {"another"})
    nothing = desk.post(address, {"mapping": unknown.pk, "decision": "accept"})
    assert nothing.status_code == 422, "there is no proposal to accept"
    desk.post(address, {"mapping": unknown.pk, "decision": "another", "another": "telegram"})
    desk.post(address, {"mapping": waiting.pk, "decision": "accept"})
    again = desk.post(address, {"mapping": waiting.pk, "decision": "refuse"})

    waiting.refresh_from_db()
    unknown.refresh_from_db()
    assert again.status_code == 302
    assert (waiting.is_reviewed, waiting.service and waiting.service.code) == (True, "whatsapp")
    assert (unknown.is_reviewed, unknown.service and unknown.service.code) == (True, "telegram")
    assert desk.get(address).context["mapping"] is None


# ---- reading price lists ----------------------------------------------------------------------


def test_two_clicks_start_one_reading(desk: Client, beta: Supplier, prices: Any) -> None:
    address = reverse("admin:catalog_supplier_sync", args=[beta.pk])

    for _click in range(2):
        desk.post(address)

    run = SyncRun.objects.get(supplier=beta)
    assert (run.state, run.asked_by is not None) == (SyncState.ASKED, True)
    panel = desk.get(reverse("admin:catalog_supplier_sync_panel", args=[beta.pk])).content
    assert b"every 2s" in panel
    sync_catalogue(beta, now=timezone.now(), asked=run.pk)
    with pytest.raises(SyncUnderWay):
        sync_catalogue(beta, now=timezone.now(), asked=run.pk)
    assert (
        b"every 2s"
        not in desk.get(reverse("admin:catalog_supplier_sync_panel", args=[beta.pk])).content
    )
    assert SyncRun.objects.get(supplier=beta).state == SyncState.DONE


def test_the_round_takes_what_was_asked_for(beta: Supplier, prices: Any) -> None:
    asked = ask_sync(beta, now=timezone.now())

    assert asked is not None
    assert sync(beta).pk == asked.pk


def test_a_message_that_was_lost_is_sent_again(beta: Supplier, prices: Any) -> None:
    now = timezone.now()
    asked = ask_sync(beta, now=now)

    assert ask_sync(beta, now=now + timedelta(minutes=1)) is None
    again = ask_sync(beta, now=now + timedelta(minutes=11))
    assert asked is not None
    assert again is not None
    assert again.pk == asked.pk


def test_a_reading_tells_what_it_changed(desk: Client, beta: Supplier, prices: Any) -> None:
    prices.lines = [
        line("wa", cost=1_000),
        line("wa", "187", cost=1_000),
        line("tg", cost=1_000),
        line("go", cost=1_000),
    ]
    first = sync(beta)
    prices.lines = [
        line("wa", cost=1_500),
        line("wa", "187", cost=900),
        line("tg", cost=1_000),
        line("tg", "187", cost=500),
    ]

    run = sync(beta)

    assert (first.added_count, first.largest["new"][0][1], first.cost_shift) == (4, 2, 0)
    assert (run.dearer_count, run.cheaper_count) == (1, 1)
    assert (run.added_count, run.vanished_count) == (1, 1)
    # Of four that were in stock, by 1.5 × 0.9 in all.
    assert run.cost_shift_percent == pytest.approx(100 * ((1.5 * 0.9) ** 0.25 - 1))
    changes = largest_changes(run)
    assert [each["percent"] for each in changes["dearer"] + changes["cheaper"]] == [
        "+50 %",
        "−10 %",
    ]
    assert [str(each["goods"]) for each in changes["gone"]] == ["Google"]
    page = desk.get(reverse("admin:catalog_syncrun_change", args=[run.pk]))
    assert "+50 %" in page.content.decode()
    costs = desk.get(reverse("admin:catalog_supplier_costs", args=[beta.pk])).context
    assert costs["days"][0]["day"].dearer == 1
    assert sync(beta).largest == {}
