"""Top-ups in the states that tests are about."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from nexotp.lib.ids import new_id
from wallet.actions import ProofFile, add_proof, open_top_up, start_payment
from wallet.gateways.simulator.books import DEFAULT_KEY, DEFAULT_SECRET
from wallet.gateways.simulator.server import GatewayServer
from wallet.models import PaymentMethod, TopUp

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
NOWHERE = "http://127.0.0.1:9/hooks/payment/online"


def online_method(address: str) -> PaymentMethod:
    method = PaymentMethod(
        code="online", name="Online", protocol="simulated", base_url=address, position=1
    )
    method.set_secrets(api_key=DEFAULT_KEY, callback_secret=DEFAULT_SECRET)
    method.save()
    return method


def bank_method(code: str = "bca") -> PaymentMethod:
    return PaymentMethod.objects.create(
        code=code,
        name="BCA",
        protocol="bank_transfer",
        account_number="1234567890",
        account_holder="PT NexOTP",
        position=2,
    )


def opened(
    user: User,
    method: PaymentMethod,
    *,
    asked: int = 100_000,
    now: datetime | None = None,
    **more: Any,
) -> TopUp:
    return open_top_up(
        user=user,
        method=method,
        asked=asked,
        form_key=more.pop("form_key", new_id("form")),
        language=more.pop("language", "en"),
        now=now or timezone.now(),
    )


def started(
    user: User, method: PaymentMethod, *, callback_url: str = NOWHERE, **more: Any
) -> TopUp:
    """A top-up whose payment is made: the buyer is about to go to the gateway's page."""
    top_up = opened(user, method, **more)
    return start_payment(top_up, return_url="http://127.0.0.1:9/back", callback_url=callback_url)


def paid(gateway: GatewayServer, top_up: TopUp) -> None:
    """The buyer pays; no callback is sent."""
    bill = gateway.books.find(top_up.public_id)
    gateway.books.pay(bill, now=timezone.now())


def with_proof(user: User, method: PaymentMethod, **more: Any) -> TopUp:
    top_up = started(user, method, **more)
    add_proof(top_up, ProofFile("png", PNG), now=timezone.now())
    return fresh(top_up)


def fresh(top_up: TopUp) -> TopUp:
    return TopUp.objects.select_related("method", "user").get(pk=top_up.pk)


def long_ago(top_up: TopUp) -> TopUp:
    """Let the time to pay be over."""
    past = timezone.now() - timedelta(minutes=1)
    TopUp.objects.filter(pk=top_up.pk).update(expires_at=past, next_check_at=past)
    return fresh(top_up)
