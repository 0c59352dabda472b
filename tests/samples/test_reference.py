"""Every sample of every call in the reference runs as printed, in all four languages."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from accounts.reference_key import reference_key
from catalog.models import Country, Service, Supplier
from nexotp.reference.calls import Call, reference
from nexotp.reference.edition import Edition
from nexotp.reference.samples import LANGUAGES, request_of
from orders.actions import OrderRequest, place_order, poll_supplier
from orders.models import Order
from tests.samples.runners import run_as_printed
from webhooks.actions import create_endpoint, send_test
from webhooks.models import Endpoint

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]

CALLS = reference("en").calls
# An address that is public and needs no looking up. Nothing is sent there: no worker runs.
ADDRESS = "https://1.1.1.1/hook"


@pytest.fixture
def sandbox() -> Supplier:
    return Supplier.objects.get(code="sandbox")


@pytest.fixture
def subject(alice: User, sandbox: Supplier) -> Callable[[Call], str]:
    """Make what a call is about, in a state in which it can be carried out; its id."""

    def make(call: Call) -> str:
        match call.names, call.name:
            case "orderId", "finishOrder" | "resendOrder":
                return received(alice, sandbox).public_id
            case "orderId", _:
                return ordered(alice, "whatsapp").public_id
            case "webhookId", _:
                endpoint = register(alice)
                send_test(endpoint, now=timezone.now())
                return endpoint.public_id
            case "deliveryId", _:
                return send_test(register(alice), now=timezone.now()).public_id
        return ""

    return make


def ordered(user: User, service: str) -> Order:
    wanted = OrderRequest(
        service=Service.objects.get(code=service), country=Country.objects.get(code="id")
    )
    return place_order(wanted, user=user, mode=Mode.SANDBOX, now=timezone.now()).order


def received(user: User, sandbox: Supplier) -> Order:
    order = ordered(user, "test-resend")
    poll_supplier(sandbox, now=timezone.now() + timedelta(seconds=5))
    return order


def register(user: User) -> Endpoint:
    endpoint, _secret = create_endpoint(
        user=user, mode=Mode.SANDBOX, url=ADDRESS, events=["*"], now=timezone.now()
    )
    return endpoint


def test_there_are_calls() -> None:
    assert len(CALLS) >= 20


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_calls_samples_run_as_printed(
    call: Call,
    alice: User,
    subject: Callable[[Call], str],
    web_server: str,
    tmp_path: Path,
) -> None:
    edition = Edition(web_server, reference_key(user=alice, now=timezone.now()), "en")
    request = request_of(call)
    texts = {each.code: edition.filled(each.write(request)) for each in LANGUAGES}
    if "{id}" in call.path:
        texts = {
            code: replaced(text, call.id_example, subject(call)) for code, text in texts.items()
        }
    elif call.answer_is_list:
        subject(call)
    if call.name == "createWebhook":
        texts = {
            code: replaced(text, "https://example.com/nexotp", ADDRESS)
            for code, text in texts.items()
        }

    answers = run_all(texts, tmp_path, is_one_by_one=call.name == "createOrder")

    for code, answer in answers.items():
        assert answer["success"] is True, (code, answer)
        assert set(first(answer["data"])) >= set(first(call.answer_example["data"])) - {
            # told only where the call names a country or a service
            *("price", "stock"),
        }, code
    if call.name == "createOrder":
        assert Order.objects.count() == 1, "one idempotency key, one order"


def replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def run_all(texts: dict[str, str], folder: Path, *, is_one_by_one: bool) -> dict[str, Any]:
    """Run one program a language, side by side unless they are about the same thing."""
    with ThreadPoolExecutor(1 if is_one_by_one else len(texts)) as threads:
        running = {
            code: threads.submit(run_as_printed, code, text, folder) for code, text in texts.items()
        }
        return {code: answer.result() for code, answer in running.items()}


def first(data: Any) -> dict[str, Any]:
    if isinstance(data, list):
        return data[0] if data else {}
    return dict(data)
