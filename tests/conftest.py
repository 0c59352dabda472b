"""A stocked shop on a real database, a supplier on real HTTP, and a cast of three.

`db` rolls back; `committed` is for tests with threads, processes or suppliers' calls, which need
transactions of their own.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest
from django.test.utils import setup_databases, teardown_databases
from pytest_django import Settings

from accounts import limits
from accounts.models import User
from catalog.models import Supplier
from nexotp.lib import brief, ratelimit
from suppliers import transport
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.server import running
from tests import cast
from tests.server import serve


@pytest.fixture(scope="session")
def upstream() -> Iterator[RemoteSimulator]:
    with running() as simulator:
        yield simulator
        transport.close_clients()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
    upstream: RemoteSimulator,
) -> Iterator[None]:
    """One database a session, stocked once; pytest-django's own makes none for `committed`."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        call_command("load_reference_data", verbosity=0)
        cast.stock_the_shop(upstream.url, upstream.api_key)
        cast.remember_the_shop()
        connection.close()
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def own_redis_database(request: pytest.FixtureRequest) -> None:
    """Workers that run tests side by side must not share buckets: accounts' ids repeat."""
    from django.conf import settings

    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    settings.REDIS_URL = settings.REDIS_URL.replace("db=0", f"db={int(worker) + 2}")
    settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL
    # One that was opened while Django started would stay at the other address.
    with suppress(AttributeError):
        del caches["default"]


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """A slow hash is for real passwords; here it would be most of the suite's time."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def patient_limiter() -> None:
    """A busy machine must not look like a Redis that has died."""
    ratelimit._PATIENCE = 10


@pytest.fixture(autouse=True)
def full_buckets(request: pytest.FixtureRequest) -> None:
    """Each test starts with every rate bucket full."""
    needing = {"db", "committed", "client", "alice", "bob", "staff"}
    if needing & set(request.fixturenames):
        limits.forget_all()
        cache.clear()


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """Each test asks for everything anew, as a process that has just started."""
    brief.forget_everything()


@pytest.fixture(scope="session", autouse=True)
def staff_shows_its_second_step() -> None:
    """`force_login` leaves out the door; a colleague who came through it has typed a code."""

    def show(*, request: HttpRequest, user: User, **_signal: Any) -> None:
        # Real sign-ins have a method; what they show is theirs to show.
        if request.method is None and user.is_staff:
            cast.show_second_step(request.session, user)

    user_logged_in.connect(show, weak=False)


@pytest.fixture
def redis_is_dead(settings: Settings) -> Iterator[None]:
    """Redis at a port where nobody listens."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits._redis.cache_clear()
    limits._local.clear()
    yield
    limits._redis.cache_clear()


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real transactions; what they left behind is swept up."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            cast.sweep_up()


@pytest.fixture
def simulator(upstream: RemoteSimulator) -> RemoteSimulator:
    """The supplier behind `alpha`, without a code until told, and with no cancel lock."""
    upstream.reset()
    upstream.control(code_rate=0, cancel_lock_s=0)
    return upstream


@pytest.fixture(scope="session")
def web_server(django_db_setup: None, own_redis_database: None) -> Iterator[str]:
    """The shop behind Granian, in a process of its own; sees what is committed. Its base URL."""
    with serve() as base_url:
        yield base_url


@pytest.fixture
def alice(request: pytest.FixtureRequest) -> User:
    """She buys."""
    return _person(request, "alice", money=1_000_000)


@pytest.fixture
def bob(request: pytest.FixtureRequest) -> User:
    """Somebody else, who must see nothing of hers."""
    return _person(request, "bob", money=1_000_000)


@pytest.fixture
def staff(request: pytest.FixtureRequest) -> User:
    """Looks after both."""
    return _person(request, "staff", is_staff=True)


@pytest.fixture
def alpha() -> Supplier:
    return Supplier.objects.get(code="alpha")


def _person(request: pytest.FixtureRequest, name: str, *, money: int = 0, **options: Any) -> User:
    if "committed" not in request.fixturenames:
        request.getfixturevalue("db")
    else:
        request.getfixturevalue("committed")
    user = cast.open_account(name, **options)
    if money:
        cast.give(user, money)
    return user
