"""What is told, and when: after the commit, and never instead of it."""

import threading
import time

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import live as telling
from accounts.live import tell_pages
from accounts.models import User
from catalog.models import Supplier
from nexotp.live.hub import Full, Hub, Stream
from orders.actions import finish_order, poll_supplier
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.live.conftest import Listen, everything_is_told
from tests.live.server import Listener

pytestmark = pytest.mark.usefixtures("committed")


def heard_until_now(stream: Listener, user: User) -> list[tuple[str, str]]:
    """What the stream says of everything that has been committed."""
    tell_pages(user.pk, "now")
    heard = []
    while (event := stream.next_but_beats()) != ("changed", "now"):
        heard.append(event)
    return heard


def test_every_change_of_an_order_is_told(
    listen: Listen, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    stream = listen(alice)
    assert stream.next() == ("sync", "")

    order = cast.buy(alice)
    changed = ("changed", order.public_id)
    assert changed in heard_until_now(stream, alice)

    simulator.deliver(cast.attempt_of(order).reference, code="471199")
    poll_supplier(alpha, now=timezone.now())
    assert changed in heard_until_now(stream, alice)

    poll_supplier(alpha, now=timezone.now())
    assert heard_until_now(stream, alice) == []

    finish_order(Order.objects.get(pk=order.pk), by=None, now=timezone.now())
    assert changed in heard_until_now(stream, alice)


def test_the_code_can_be_read_when_its_change_is_heard(
    listen: Listen, alice: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = cast.buy(alice)
    stream = listen(alice)
    stream.next()

    simulator.deliver(cast.attempt_of(order).reference, code="471199")
    poll_supplier(alpha, now=timezone.now())

    assert stream.next_but_beats() == ("changed", order.public_id)
    assert order.messages.get().code == "471199"


def test_money_that_comes_is_told(listen: Listen, alice: User) -> None:
    stream = listen(alice)
    stream.next()

    cast.give(alice, 5_000)

    assert stream.next_but_beats() == ("changed", "wallet")


def test_what_is_rolled_back_is_not_told(listen: Listen, alice: User) -> None:
    order = cast.buy(alice)
    stream = listen(alice)
    stream.next()
    with transaction.atomic():
        locked = Order.objects.locked(order.pk)
        locked.note_change(now=timezone.now(), can_resend=True)
        transaction.set_rollback(True)

    tell_pages(alice.pk, "next")

    assert stream.next_but_beats() == ("changed", "next")


def test_nothing_is_told_before_the_commit(listen: Listen, alice: User) -> None:
    stream = listen(alice)
    stream.next()
    with transaction.atomic():
        tell_pages(alice.pk, "ord_1")
        assert [stream.next()[0] for _ in range(2)] == ["beat", "beat"]

    assert stream.next_but_beats() == ("changed", "ord_1")


@pytest.mark.usefixtures("redis_is_dead")
def test_nobody_waits_for_a_redis_that_is_away(alice: User) -> None:
    order = cast.buy(alice)
    started = time.monotonic()
    for _ in range(20):
        with transaction.atomic():
            Order.objects.locked(order.pk).note_change(now=timezone.now(), can_resend=True)

    assert time.monotonic() - started < 1
    assert Order.objects.get(pk=order.pk).can_resend


def test_many_changes_go_out_in_few_messages(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    done = threading.Event()

    class Redis:
        def publish(self, _channel: str, message: str) -> None:
            sent.append(message)
            if "last" in message:
                done.set()

    everything_is_told()
    monkeypatch.setattr(telling, "_client", lambda _url: Redis())
    for number in range(500):
        tell_pages(alice.pk, f"ord_{number % 50}")
    tell_pages(alice.pk, "last")

    assert done.wait(5)
    assert len(sent) < 50
    heard = {what for message in sent for _user, what in telling.told(message.encode())}
    assert heard == {f"ord_{number}" for number in range(50)} | {"last"}


def test_databases_of_one_redis_do_not_hear_each_other(settings: Settings) -> None:
    settings.REDIS_URL = "redis://valkey:6379/0"
    first = telling.channel()
    settings.REDIS_URL = "unix:///run/valkey.sock?db=3"

    assert {first, telling.channel()} == {"live:0", "live:3"}


# ---- what a stream keeps for a reader that is slow ----------------------------------------------


async def everything(stream: Stream) -> list[str]:
    return (await stream.next(within=0.01)).decode().split("\n\n")[:-1]


@pytest.mark.anyio
async def test_a_change_is_kept_once_however_often_it_is_told() -> None:
    stream = Stream(1, "key")
    for _ in range(1000):
        stream.tell("changed", "ord_1")

    assert await everything(stream) == ["event: changed\ndata: ord_1"]
    assert await everything(stream) == ["event: beat\ndata: "]


@pytest.mark.anyio
async def test_who_missed_too_much_is_to_look_at_everything() -> None:
    stream = Stream(1, "key")
    for number in range(10_000):
        stream.tell("changed", f"ord_{number}")

    kept = await everything(stream)
    assert kept[0] == "event: sync\ndata: "
    assert len(kept) <= 100


@pytest.mark.anyio
async def test_the_reason_of_an_end_is_the_last_word() -> None:
    hub = Hub(per_account=1, in_all=2)
    first = hub.open(1, "key")
    hub.open(1, "key")
    first.tell("changed", "ord_1")

    assert await everything(first) == ["event: full\ndata: "]
    assert first.is_over
    hub.open(2, "key")
    with pytest.raises(Full):
        hub.open(3, "key")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
