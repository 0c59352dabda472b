"""How fast we ask suppliers: one bucket for each account of theirs, shared by all our processes.

Purchases may use the whole bucket; what customers wait for less leaves part of it to the others.
Without Redis each process keeps the pace for itself.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from accounts.limits import take
from nexotp.lib.ratelimit import Bucket
from suppliers.base import Supplier as SupplierClient
from suppliers.pacing import OutOfTurn, taking_turns


class Turn(Enum):
    """What is asked for: the share of the bucket that it may use, and how long it waits, in
    seconds.
    """

    # A customer waits, and another supplier may have the number.
    PURCHASE = (1.0, 1.0)
    READ = (0.6, 8.0)
    # Nobody waits for a price list, and it takes many requests.
    CATALOGUE = (0.3, 60.0)

    def __init__(self, share: float, patience: float) -> None:
        self.share = share
        self.patience = patience


@contextmanager
def paced(client: SupplierClient, turn: Turn = Turn.READ) -> Iterator[None]:
    """Let every request to this supplier within the block, on this thread, wait for its turn.

    A request that would have to wait too long raises OutOfTurn and is not sent.
    """
    key = f"supplier:{_account(client)}"
    bucket = _bucket(client, turn)

    def wait() -> None:
        ends_at = time.monotonic() + turn.patience
        while not (decision := take(key, bucket)).allowed:
            pause = decision.retry_after / 1_000_000
            if time.monotonic() + pause > ends_at:
                raise OutOfTurn
            time.sleep(pause)

    with taking_turns(wait):
        yield


def _account(client: SupplierClient) -> str:
    """Two of our suppliers may be one account of theirs."""
    credentials = client.credentials
    named = f"{credentials.base_url} {credentials.api_key}"
    return hashlib.sha256(named.encode()).hexdigest()[:20]


def _bucket(client: SupplierClient, turn: Turn) -> Bucket:
    limits = client.limits
    burst = max(1, int(limits.burst * turn.share))
    return Bucket("SUPPLIER", per_minute=max(1, int(limits.requests_per_second * 60)), burst=burst)
