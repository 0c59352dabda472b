"""What staff decides: credited once, told to the buyer in the buyer's language."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from orders.reports import audit_ledger
from tests import cast
from tests.wallet.top_ups import scenes
from wallet.actions import (
    ProofFile,
    TopUpDecided,
    add_proof,
    approve_top_up,
    cancel_top_up,
    check_due_payments,
    reject_top_up,
    send_mails,
)
from wallet.gateways.simulator.server import GatewayServer
from wallet.models import PaymentMethod, TopUp, Transfer
from wallet.states import Review, TopUpState

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def office(staff: User) -> Client:
    client = Client()
    staff.is_superuser = True
    staff.save()
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_a_transfer_is_approved_in_the_admin_and_told_by_mail(
    office: Client, staff: User, poor: User, bank: PaymentMethod
) -> None:
    top_up = scenes.with_proof(poor, bank, language="id")
    address = f"/admin/wallet/topup/{top_up.pk}/approve/"
    asked = office.get(address).content.decode()

    office.post(address, {"value": str(top_up.amount)})
    send_mails(now=timezone.now())

    assert f'value="{top_up.amount}"' in asked
    top_up = scenes.fresh(top_up)
    assert (top_up.state, top_up.decided_by, top_up.credited) == (
        TopUpState.CONFIRMED,
        staff,
        top_up.amount,
    )
    assert cast.balance(poor) == top_up.amount
    assert Transfer.objects.get(kind="top_up").by == staff
    [letter] = mail.outbox
    assert letter.to == [poor.email]
    assert letter.subject == "Isi saldo Anda sudah masuk"
    assert f"Rp\u00a0{top_up.amount:,}".replace(",", ".") in letter.body
    assert send_mails(now=timezone.now() + timedelta(hours=1)) == 0
    assert audit_ledger() == []


def test_what_came_is_credited_whatever_was_to_be_paid(
    office: Client, poor: User, bank: PaymentMethod
) -> None:
    top_up = scenes.with_proof(poor, bank)

    office.post(f"/admin/wallet/topup/{top_up.pk}/approve/", {"value": "100.000"})

    assert cast.balance(poor) == 100_000
    assert audit_ledger() == []


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "9" * 15])
def test_an_approval_of_no_amount_credits_nothing(
    office: Client, poor: User, bank: PaymentMethod, value: str
) -> None:
    top_up = scenes.with_proof(poor, bank)

    answer = office.post(f"/admin/wallet/topup/{top_up.pk}/approve/", {"value": value})

    assert answer.status_code == 200
    assert cast.balance(poor) == 0


def test_a_rejection_needs_a_reason_and_tells_it(
    office: Client, poor: User, bank: PaymentMethod
) -> None:
    top_up = scenes.with_proof(poor, bank)
    address = f"/admin/wallet/topup/{top_up.pk}/reject/"
    office.post(address, {"value": " "})
    assert scenes.fresh(top_up).state == TopUpState.PENDING

    office.post(address, {"value": "no such transfer on 24 June"})
    send_mails(now=timezone.now())

    assert scenes.fresh(top_up).state == TopUpState.REJECTED
    assert "no such transfer on 24 June" in mail.outbox[0].body
    assert cast.balance(poor) == 0


def test_links_alone_and_people_without_leave_decide_nothing(
    office: Client, poor: User, bank: PaymentMethod
) -> None:
    top_up = scenes.with_proof(poor, bank)
    clerk = Client()
    clerk.force_login(cast.open_account("clerk", is_staff=True))
    User.objects.filter(email="clerk@example.test").update(is_superuser=False)

    office.get(f"/admin/wallet/topup/{top_up.pk}/approve/")
    refused = clerk.post(f"/admin/wallet/topup/{top_up.pk}/approve/", {"value": "100000"})

    assert refused.status_code in {302, 403}
    assert scenes.fresh(top_up).state == TopUpState.PENDING


@pytest.mark.parametrize("pk", ["x", "999999"])
def test_a_top_up_that_is_none_is_not_found(office: Client, pk: str) -> None:
    assert office.get(f"/admin/wallet/topup/{pk}/approve/").status_code == 404


def test_staff_does_not_say_what_a_gateway_knows(
    staff: User, poor: User, online: PaymentMethod
) -> None:
    top_up = scenes.started(poor, online)

    with pytest.raises(TopUpDecided):
        approve_top_up(top_up, received=100_000, by=staff, now=timezone.now())

    assert cast.balance(poor) == 0


def test_a_rejected_transfer_that_is_found_after_all_is_credited(
    staff: User, poor: User, bank: PaymentMethod
) -> None:
    top_up = scenes.with_proof(poor, bank)
    reject_top_up(top_up, reason="not found", by=staff, now=timezone.now())

    approve_top_up(top_up, received=top_up.amount, by=staff, now=timezone.now())

    assert cast.balance(poor) == top_up.amount
    assert audit_ledger() == []


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_proof_of_a_transfer_that_came_too_late_is_looked_at(
    staff: User, poor: User, bank: PaymentMethod, end: str
) -> None:
    top_up = scenes.started(poor, bank)
    if end == "cancelled":
        cancel_top_up(top_up, now=timezone.now())
    else:
        scenes.long_ago(top_up)
        check_due_payments(now=timezone.now())
    assert scenes.fresh(top_up).state == end

    add_proof(top_up, ProofFile("png", scenes.PNG), now=timezone.now())

    waiting = TopUp.objects.for_a_person().get()
    assert waiting.review == Review.LATE_PROOF
    approve_top_up(waiting, received=waiting.amount, by=staff, now=timezone.now())
    assert cast.balance(poor) == waiting.amount


def test_a_transfer_with_proof_does_not_expire(poor: User, bank: PaymentMethod) -> None:
    top_up = scenes.with_proof(poor, bank)
    TopUp.objects.filter(pk=top_up.pk).update(expires_at=timezone.now() - timedelta(days=1))

    while check_due_payments(now=timezone.now()):
        pass

    assert scenes.fresh(top_up).state == TopUpState.PENDING


def test_the_pages_of_the_admin_show_what_is_needed(
    office: Client, poor: User, bank: PaymentMethod, online: PaymentMethod, gateway: GatewayServer
) -> None:
    top_up = scenes.with_proof(poor, bank)

    queue = office.get("/admin/wallet/topup/", {"waits": "yes"}).content.decode()
    found = office.get("/admin/wallet/topup/", {"q": str(top_up.amount)}).content.decode()
    page = office.get(f"/admin/wallet/topup/{top_up.pk}/change/").content.decode()

    assert poor.email in queue
    assert poor.email in found
    assert f"/wallet/proofs/{top_up.proofs.get().pk}" in page
    assert 'name="_save"' not in page


def test_secrets_of_a_gateway_go_in_and_never_come_out(office: Client) -> None:
    sent = {
        "code": "pay",
        "name": "Pay",
        "protocol": "simulated",
        "is_enabled": "on",
        "position": "1",
        "base_url": "https://pay.example.com",
        "api_key": "key-of-the-gateway",
        "callback_secret": "secret-of-the-gateway",
    }
    office.post("/admin/wallet/paymentmethod/add/", sent)
    method = PaymentMethod.objects.get(code="pay")
    office.post(
        f"/admin/wallet/paymentmethod/{method.pk}/change/",
        sent | {"name": "Pay 2", "api_key": "", "callback_secret": ""},
    )

    method.refresh_from_db()
    words = office.get(f"/admin/wallet/paymentmethod/{method.pk}/change/").content.decode()
    assert method.name == "Pay 2"
    assert method.gateway().account.api_key == "key-of-the-gateway"
    assert "key-of-the-gateway" not in words
    assert "secret-of-the-gateway" not in words
    assert b"key-of-the-gateway" not in bytes(method.api_key_encrypted)


def test_a_bank_account_needs_its_number(office: Client) -> None:
    sent = {"code": "x", "name": "X", "protocol": "bank_transfer", "position": "1"}

    answer = office.post("/admin/wallet/paymentmethod/add/", sent)

    assert answer.status_code == 200
    assert not PaymentMethod.objects.exists()
