"""The shop behind a real server, and a supplier whose codes come when the test says so."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.orders.sweeps import poll_all

# WhatsApp in Indonesia, in the trade's words.
SERVICE, COUNTRY = "wa", "6"
CLASSIC, HERO, GRIZZLY = "/stubs", "/hero/stubs", "/grizzly/stubs"


@dataclass
class Shop:
    """Where programs call, and what happens upstream meanwhile."""

    root: str
    simulator: RemoteSimulator

    @property
    def url(self) -> str:
        """The address to put into a program."""
        return f"{self.root}{CLASSIC}/handler_api.php"

    @property
    def hero_url(self) -> str:
        return f"{self.root}{HERO}/handler_api.php"

    @property
    def grizzly_root(self) -> str:
        return f"{self.root}/grizzly"

    def deliver(self, number: int | str, code: str | None = None, *, text: str = "") -> None:
        """Let a message come to an activation of ours, and have it read."""
        order = Order.objects.get(pk=int(number))
        reference = cast.attempt_of(order).reference
        self.simulator.deliver(reference, code=code, text=text or None)
        poll_all()

    async def deliver_soon(self, number: int | str, code: str) -> None:
        """The same a moment later, beside a client that waits."""

        await asyncio.sleep(0.3)
        await asyncio.to_thread(self._in_thread, lambda: self.deliver(number, code))

    def sells_nothing(self) -> None:
        self.simulator.control(stock=0)

    def unlock(self, number: int | str) -> None:
        """Let the two minutes be over in which a number may not be cancelled."""
        Order.objects.filter(pk=int(number)).update(cancel_available_at=timezone.now())

    async def unlock_soon(self, number: int | str) -> None:
        await asyncio.to_thread(self._in_thread, lambda: self.unlock(number))

    @staticmethod
    def _in_thread(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()


@pytest.fixture
def shop(committed: None, web_server: str, simulator: RemoteSimulator) -> Shop:
    return Shop(web_server, simulator)


@pytest.fixture
def key(alice: User) -> str:
    return cast.key_for(alice)


@pytest.fixture
def poor_key(committed: None) -> str:
    """The key of somebody without money."""
    return cast.key_for(cast.open_account("penniless"))


@pytest.fixture
def wrong_key(key: str) -> str:
    """A key of the right form that nobody has."""
    from accounts import keys

    return keys.generate("live")[0]
