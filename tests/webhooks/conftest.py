"""A receiver on loopback, webhooks that lead there, and the sweep by hand."""

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Mode, User
from tests.receiver import Receiver, receiving
from webhooks import actions, transport
from webhooks.models import Delivery, Endpoint

MakeEndpoint = Callable[..., Endpoint]


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    """Webhooks may be sent to this machine."""
    settings.WEBHOOK_ALLOW_LOOPBACK = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
        transport.close_connections()


@pytest.fixture
def make_endpoint(committed: None, receiver: Receiver, alice: User) -> MakeEndpoint:
    """Register one of alice's webhooks; the receiver knows its secret."""

    def make(
        path: str = "/hook", *, user: User = alice, mode: str = Mode.LIVE, events: str = "*"
    ) -> Endpoint:
        endpoint, secret = actions.create_endpoint(
            user=user,
            mode=mode,
            url=receiver.url(path),
            events=events.split(","),
            now=timezone.now(),
        )
        receiver.trusts(path, secret)
        return endpoint

    return make


@pytest.fixture
def endpoint(make_endpoint: MakeEndpoint) -> Endpoint:
    """Alice's webhook for everything, at /hook."""
    return make_endpoint()


def deliver() -> int:
    """Send what is due until nothing is; return how many attempts were made."""
    return actions.deliver_due(clock=timezone.now, seconds=15)


def make_due() -> None:
    """Let the time come for every delivery."""
    Delivery.objects.filter(next_attempt_at__isnull=False).update(
        next_attempt_at=timezone.now(), lease_until=None
    )
    Endpoint.objects.update(rests_until=None)
