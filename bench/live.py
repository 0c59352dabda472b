"""How long a code takes from our tables to the pages that wait for it, with 200 of them open."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils import timezone

from accounts.actions import create_user
from accounts.models import User
from bench import stage
from bench.table import Row
from orders.actions.receiving import record_activation
from orders.models import Order
from suppliers.base import Activation, ActivationState, ReceivedMessage
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

_PAGES = 200
_BROWSERS = 4  # of which real
_CODES_A_SECOND = 10
_AIM_MS = 500.0
_SETTLING_SECONDS = 3.0


def measure_live(_simulator: RemoteSimulator) -> list[Row]:
    """Codes one by one, then one for every page at once, as after a supplier's standstill."""
    users = [_customer(number) for number in range(_PAGES)]
    orders = [cast.buy(user) for user in users]
    cookies = [f"{settings.SESSION_COOKIE_NAME}={_sign_in(user)}" for user in users]
    pages = [
        {"order": order.public_id, "cookie": cookie}
        for order, cookie in zip(orders, cookies, strict=True)
    ]
    with _open_pages(pages) as process:
        steady = _write_codes(orders, 100_000, a_second=_CODES_A_SECOND)
        time.sleep(_SETTLING_SECONDS)
        crowd = _write_codes(orders, 200_000, a_second=1_000)
        time.sleep(_SETTLING_SECONDS)
        told = process.communicate(timeout=60)[0]
    seen = json.loads(told)
    load = f"load {os.getloadavg()[0]:.1f}, {seen['fetches']} fetches"
    return [
        _row("live", steady, seen, f"{_CODES_A_SECOND} codes/s; {load}"),
        _row("live, at once", crowd, seen, "as fast as they can be written"),
    ]


@contextmanager
def _open_pages(pages: list[dict[str, str]]) -> Iterator["subprocess.Popen[str]"]:
    live_port = stage.free_port()
    os.environ["LIVE_PORT"] = str(live_port)
    try:
        with stage.web() as web_port, stage.live(live_port, web_port=web_port):
            plan = {"web": web_port, "live": live_port}
            drawn = pages[:: _PAGES // _BROWSERS]
            plan |= {"drawn": drawn, "thin": [page for page in pages if page not in drawn]}  # type: ignore[dict-item]
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.pages"],
                cwd=stage.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{json.dumps(plan)}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "ready\n", "the pages did not open"
            try:
                yield process
            finally:
                process.kill()
                process.wait()
    finally:
        del os.environ["LIVE_PORT"]


def _write_codes(orders: list[Order], first: int, *, a_second: int) -> dict[str, float]:
    """Store a code for each order; when each of them was committed, by the system's clock."""
    written = {}
    for number, order in enumerate(orders):
        tick = time.monotonic() + 1 / a_second
        code = str(first + number)
        message = ReceivedMessage(message_id=code, code=code, text=code)
        activation = Activation(
            reference=cast.attempt_of(order).reference,
            state=ActivationState.RECEIVED,
            messages=(message,),
        )
        now = timezone.now()
        assert record_activation(cast.attempt_of(order).pk, activation, read_at=now, now=now)
        written[code] = time.time()
        time.sleep(max(0.0, tick - time.monotonic()))
    return written


def _row(name: str, written: dict[str, float], seen: dict[str, dict[str, float]], note: str) -> Row:
    thin = _delays(written, seen["thin"])
    drawn = _delays(written, seen["drawn"])
    assert len(thin) + len(drawn) == _PAGES, f"{len(thin)} and {len(drawn)} pages saw their code"
    p50, p95, p99 = (thin[int(len(thin) * share)] for share in (0.5, 0.95, 0.99))
    browsers = ", ".join(f"{delay:.0f}" for delay in drawn)
    words = f"p95 of {len(thin)} pages; p50 {p50:.0f}, p99 {p99:.0f}; in Chromium {browsers}"
    return Row(name, p95, _AIM_MS, "≤ 1.00", "ms", f"{words}; {note}; bare is the aim")


def _delays(written: dict[str, float], seen: dict[str, float]) -> list[float]:
    return sorted(1000 * (seen[code] - at) for code, at in written.items() if code in seen)


def _customer(number: int) -> User:
    user = create_user(email=f"page{number}@bench.test", password=None, plan="unlimited")
    cast.give(user, 10**9)
    return user


def _sign_in(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    connection.close()
    return str(session.session_key)
