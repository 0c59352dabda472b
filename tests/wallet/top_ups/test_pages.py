"""Topping up in the browser: forms that count once, proofs that only some may see, callbacks."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from tests import cast
from tests.wallet.top_ups import scenes
from tests.wallet.top_ups.scenes import PNG
from wallet.actions import check_due_payments
from wallet.gateways.signing import sign
from wallet.gateways.simulator.books import DEFAULT_SECRET
from wallet.gateways.simulator.server import GatewayServer
from wallet.models import PaymentMethod, Proof, TopUp
from wallet.states import TopUpState

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def page(client: Client, poor: User) -> Client:
    client.force_login(poor)
    client.cookies["django_language"] = "en"
    return client


def send(page: Client, **sent: Any) -> Any:
    return page.post("/wallet/top-up/", {"amount": "50000", "key": "form-0001", **sent})


# ---- the form -----------------------------------------------------------------------------------


def test_a_form_leads_to_the_gateways_page(
    page: Client, online: PaymentMethod, gateway: GatewayServer
) -> None:
    answer = send(page, method="online")

    top_up = TopUp.objects.get()
    assert answer["Location"] == f"/wallet/top-up/{top_up.public_id}/"
    words = page.get(answer["Location"]).content.decode()
    assert f'href="{top_up.payment_url}"' in words
    bill = gateway.books.find(top_up.public_id)
    assert bill.callback_url == "http://testserver/hooks/payment/online"
    assert bill.return_url == f"http://testserver/wallet/top-up/{top_up.public_id}/?back=1"


def test_a_form_sent_twice_makes_one_top_up(page: Client, bank: PaymentMethod) -> None:
    first, second = (send(page, method="bca")["Location"] for _time in range(2))

    assert first == second
    assert TopUp.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "asked"),
    [("50000", 50_000), ("50.000", 50_000), ("Rp 1,250,000", 1_250_000), (" 75 000 ", 75_000)],
)
def test_amounts_are_read_as_people_type_them(
    page: Client, bank: PaymentMethod, amount: str, asked: int
) -> None:
    send(page, method="bca", amount=amount)

    assert TopUp.objects.get().asked == asked


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [
        ("", "Choose or type an amount."),
        ("ten", "Type a number, such as 50000."),
        ("-50000", "Type a number, such as 50000."),
        ("50000.5", "Type a number, such as 50000."),
        ("1e9", "Type a number, such as 50000."),
        ("٥٠٠٠٠", "Type a number, such as 50000."),
        ("9999", "At least Rp\u00a010,000."),
        ("10000001", "At most Rp\u00a010,000,000."),
    ],
)
def test_a_wrong_amount_is_said_beside_the_field(
    page: Client, bank: PaymentMethod, amount: str, complaint: str
) -> None:
    answer = send(page, method="bca", amount=amount)

    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert not TopUp.objects.exists()


@pytest.mark.parametrize("method", ["", "nobody", "off"])
def test_only_what_is_on_offer_can_be_chosen(
    page: Client, bank: PaymentMethod, method: str
) -> None:
    scenes.bank_method("off")
    PaymentMethod.objects.filter(code="off").update(is_enabled=False)

    answer = send(page, method=method)

    assert answer.status_code == 400
    assert not TopUp.objects.exists()


@pytest.mark.parametrize(
    ("suggested", "shown"),
    [("37000", "37000"), ("12", "10000"), ("99999999999", ""), ("x", ""), ("-5", "")],
)
def test_a_page_that_leads_here_suggests_an_amount(
    page: Client, bank: PaymentMethod, suggested: str, shown: str
) -> None:
    answer = page.get("/wallet/top-up/", {"amount": suggested})

    assert str(answer.context["amount"]) == shown


def test_a_shop_without_ways_to_pay_says_so(page: Client) -> None:
    assert "No way to pay right now" in page.get("/wallet/top-up/").content.decode()


def test_too_many_that_wait_are_refused(page: Client, bank: PaymentMethod, poor: User) -> None:
    for _each in range(5):
        scenes.opened(poor, bank)

    answer = send(page, method="bca")

    assert answer.status_code == 409
    assert "several top-ups that still wait" in answer.content.decode()


def test_a_gateway_that_is_away_can_be_asked_again(
    page: Client, online: PaymentMethod, gateway: GatewayServer
) -> None:
    gateway.books.faults["outage"] = 1
    where = send(page, method="online")["Location"]
    assert "has not answered yet" in page.get(where).content.decode()

    gateway.books.faults.clear()
    page.post(f"{where}pay")

    assert TopUp.objects.get().payment_url


def test_the_sandbox_is_filled_up_and_not_paid_into(page: Client, poor: User) -> None:
    page.post("/mode/", {"mode": "sandbox"})

    answer = page.get("/wallet/top-up/")
    page.post("/wallet/fill-up/")

    assert answer["Location"] == "/wallet/"
    assert cast.balance(poor, mode="sandbox") == 1_000_000


# ---- one top-up ---------------------------------------------------------------------------------


def test_nobody_sees_or_changes_anothers(page: Client, bob: User, bank: PaymentMethod) -> None:
    top_up = scenes.started(bob, bank)
    address = f"/wallet/top-up/{top_up.public_id}/"

    answers = [page.get(address)] + [
        page.post(f"{address}{what}") for what in ("pay", "cancel", "proof")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert scenes.fresh(top_up).state == TopUpState.PENDING


def test_a_link_alone_cancels_nothing(page: Client, poor: User, bank: PaymentMethod) -> None:
    top_up = scenes.started(poor, bank)

    page.get(f"/wallet/top-up/{top_up.public_id}/cancel")
    assert scenes.fresh(top_up).state == TopUpState.PENDING
    page.post(f"/wallet/top-up/{top_up.public_id}/cancel")

    assert scenes.fresh(top_up).state == TopUpState.CANCELLED


def test_a_page_that_looks_again_is_told_only_of_changes(
    page: Client, poor: User, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.started(poor, online)
    address = f"/wallet/top-up/{top_up.public_id}/"
    mark = page.get(address).context["mark"]
    poll = {"HX-Request": "true"}
    unchanged = page.get(address, {"seen": mark}, headers=poll)
    scenes.paid(gateway, top_up)

    while check_due_payments(now=timezone.now() + timedelta(seconds=30)):
        pass
    changed = page.get(address, {"seen": mark}, headers=poll)

    assert unchanged.status_code == 204
    assert changed["HX-Refresh"] == "true"


# ---- proofs -------------------------------------------------------------------------------------


def show_proof(page: Client, top_up: TopUp, content: bytes, name: str = "x.png") -> Any:
    file = SimpleUploadedFile(name, content, "image/png")
    return page.post(f"/wallet/top-up/{top_up.public_id}/proof", {"proof": file})


@pytest.mark.parametrize(
    ("content", "kind", "content_type"),
    [
        (PNG, "png", "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "jpg", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp", "image/webp"),
        (b"%PDF-1.7\n", "pdf", "application/pdf"),
    ],
)
def test_a_proof_is_what_its_content_says(
    page: Client, poor: User, bank: PaymentMethod, content: bytes, kind: str, content_type: str
) -> None:
    top_up = scenes.started(poor, bank)
    show_proof(page, top_up, content, "../../evil.html")

    proof = Proof.objects.get()
    answer = page.get(f"/wallet/proofs/{proof.pk}")

    assert proof.kind == kind
    assert "evil" not in str(proof.file.name)
    assert answer.content == content
    assert answer["Content-Type"] == content_type
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; img-src 'self'; sandbox"
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert scenes.fresh(top_up).is_being_checked


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<html><script>alert(1)</script>", "Send a JPEG, PNG or WebP picture, or a PDF."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Send a JPEG"),
        (b"MZ\x90\0", "Send a JPEG"),
        (b"", "This file is empty."),
        (PNG + b"\0" * 2_000_000, "larger than 1 MB"),
    ],
)
def test_what_is_no_proof_is_refused_and_not_kept(
    page: Client,
    poor: User,
    bank: PaymentMethod,
    settings: Settings,
    media: Path,
    content: bytes,
    complaint: str,
) -> None:
    settings.PROOF_MAX_BYTES = 1024 * 1024
    top_up = scenes.started(poor, bank)

    answer = show_proof(page, top_up, content)

    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert not scenes.fresh(top_up).proof_count
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_a_proof_is_seen_by_its_owner_and_by_staff_who_may(
    page: Client, poor: User, bob: User, bank: PaymentMethod
) -> None:
    scenes.with_proof(poor, bank)
    address = f"/wallet/proofs/{Proof.objects.get().pk}"
    clerk = cast.open_account("clerk")
    clerk.user_permissions.add(Permission.objects.get(codename="view_proof"))
    others = {person: Client() for person in (bob, clerk)}
    for person, client in others.items():
        client.force_login(person)

    assert page.get(address).status_code == 200
    assert others[clerk].get(address).status_code == 200
    assert others[bob].get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_a_buyer_shows_five_proofs_and_no_more(
    page: Client, poor: User, bank: PaymentMethod
) -> None:
    top_up = scenes.started(poor, bank)

    for _each in range(7):
        show_proof(page, top_up, PNG)

    assert Proof.objects.count() == scenes.fresh(top_up).proof_count == 5


def test_a_payment_at_a_gateway_takes_no_proof(
    page: Client, poor: User, online: PaymentMethod
) -> None:
    show_proof(page, scenes.started(poor, online), PNG)

    assert not Proof.objects.exists()


# ---- callbacks ----------------------------------------------------------------------------------


def call_back(body: bytes, *, secret: str = DEFAULT_SECRET, code: str = "online", **at: int) -> int:
    signature = sign(secret, body, now=timezone.now() - timedelta(**at))
    return (
        Client(enforce_csrf_checks=True)
        .post(
            f"/hooks/payment/{code}",
            body,
            content_type="application/json",
            headers={"X-Payment-Signature": signature},
        )
        .status_code
    )


def about(top_up: TopUp, **more: Any) -> bytes:
    return json.dumps({"reference": top_up.public_id, **more}).encode()


def test_a_signed_callback_has_the_payment_read(poor: User, online: PaymentMethod) -> None:
    top_up = scenes.started(poor, online)

    assert call_back(about(top_up, status="paid", paid_amount="999999999")) == 200

    top_up = scenes.fresh(top_up)
    assert top_up.next_check_at is not None
    assert top_up.next_check_at <= timezone.now()
    assert top_up.state == TopUpState.PENDING, "nothing in a callback is believed"


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (None, {"secret": "forged"}),
        (None, {"minutes": 11}),
        (None, {"code": "nobody"}),
        (None, {"code": "bca"}),
        (b"not JSON", {}),
        (b"[]", {}),
        (b'{"reference": 5}', {}),
        (b"[" * 10_000, {}),
        (b"x" * 100_000, {}),
    ],
)
def test_what_is_not_the_gateways_is_refused(
    poor: User, online: PaymentMethod, bank: PaymentMethod, body: bytes | None, options: Any
) -> None:
    top_up = scenes.started(poor, online)
    before = scenes.fresh(top_up).next_check_at

    status = call_back(about(top_up) if body is None else body, **options)

    assert status == 403
    assert scenes.fresh(top_up).next_check_at == before


def test_an_unsigned_callback_and_a_get_are_refused(online: PaymentMethod) -> None:
    client = Client()

    assert client.post("/hooks/payment/online", b"{}", "application/json").status_code == 403
    assert client.get("/hooks/payment/online").status_code == 405


def test_a_callback_about_another_methods_payment_changes_nothing(
    poor: User, online: PaymentMethod, bank: PaymentMethod
) -> None:
    top_up = scenes.started(poor, bank)
    before = scenes.fresh(top_up).next_check_at

    assert call_back(about(top_up)) == 200

    assert scenes.fresh(top_up).next_check_at == before
