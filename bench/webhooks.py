"""How fast webhooks go out, beside a bare loop that sends the same, and whether the dead delay."""

import tempfile
import time
from pathlib import Path

import httpx2
from django.utils import timezone

from bench.table import Row
from suppliers.simulator.remote import RemoteSimulator
from tests.webhooks import crowd
from webhooks.actions import deliver_due
from webhooks.models import Delivery
from webhooks.signing import signed_headers

_ROUNDS = 3
_ENDPOINTS, _DEAD = 200, 20
_BATCH = 3_000
_EVENTS, _PER_SECOND = 10_000, 100


def measure_webhooks(_simulator: RemoteSimulator) -> Row:
    """Drain a queue to 200 webhooks: claim, sign, send, record; bare only sends, one by one."""
    with crowd.sinking() as sink:
        members = crowd.gather(sink, count=_ENDPOINTS, dead=0)
        _drain(members, count=_ENDPOINTS)
        pairs = [(_drain(members, count=_BATCH), _bare_loop(members)) for _ in range(_ROUNDS)]
    ours, bare = sorted(pairs, key=lambda pair: pair[0] / pair[1])[_ROUNDS // 2]
    note = "bare is an httpx2 loop that sends the same requests and keeps no record"
    return Row("webhooks", ours, bare, "≥ 0.50", "deliveries/s", note)


def _drain(members: list[crowd.Member], *, count: int) -> float:
    for number in range(count):
        crowd.commit_event(members[number % len(members)], number)
    begun = time.perf_counter()
    sent = deliver_due(clock=timezone.now, seconds=120)
    assert sent == count, f"{sent} of {count} sent"
    return sent / (time.perf_counter() - begun)


def _bare_loop(members: list[crowd.Member]) -> float:
    deliveries = Delivery.objects.order_by("-pk").select_related("event", "endpoint")[:_BATCH]
    secrets = {member.endpoint.pk: member.secret for member in members}
    requests = []
    for each in deliveries:
        body = bytes(each.event.payload)
        secret = secrets[each.endpoint_id]
        headers = signed_headers(each.event.public_id, body, [secret], now=timezone.now())
        requests.append((each.endpoint.url, headers, body))
    with httpx2.Client(trust_env=False) as client:
        begun = time.perf_counter()
        for url, headers, body in requests:
            assert client.post(url, headers=headers, content=body).status_code == 200
        return len(requests) / (time.perf_counter() - begun)


def measure_crowd(_simulator: RemoteSimulator) -> Row:
    """10,000 events for 200 webhooks of which 20 hang; the worker is a real one."""
    with (
        tempfile.TemporaryDirectory(prefix="nexotp-bench-") as folder,
        crowd.sinking() as sink,
        crowd.working(Path(folder) / "worker.log"),
    ):
        members = crowd.gather(sink, count=_ENDPOINTS, dead=_DEAD)
        warm = crowd.tell(members[_DEAD:], range(-_ENDPOINTS, 0), per_second=50)
        crowd.await_all(sink, warm, seconds=60)
        told = crowd.tell(members, range(_EVENTS), per_second=_PER_SECOND)
        outcome = crowd.await_all(sink, told, seconds=60)
    assert (outcome.missing, outcome.forged) == (0, 0), outcome
    note = (
        f"p99 {outcome.p99:.0f} ms (aim < 2,000), worst {outcome.worst:.0f} ms from commit to"
        f" request; {_EVENTS:,} events at {_PER_SECOND}/s, {_DEAD} of {_ENDPOINTS} webhooks hang;"
        f" none missing, all signatures genuine, {outcome.repeated} repeated; bare is the aim"
    )
    return Row("crowd p50", outcome.p50, 250.0, "≤ 1.00", "ms", note)
