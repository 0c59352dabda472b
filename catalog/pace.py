"""How fast we ask suppliers: one bucket for each account of theirs, shared by all our processes.

Purchases may use the whole bucket, everything else leaves part of it to them. Without Redis each
process keeps the pace for itself.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from accounts.limits import take
from nexotp.lib.ratelimit import Bucket
from suppliers.base import Supplier as SupplierClient
from suppliers.pacing import OutOfTurn, taking_turns

# How long a request waits for its turn, in seconds. A customer waits for a purchase, and another
# supplier may have its number.
_PATIENCE = {"purchase": 1.0, "read": 8.0}
# The share of the bucket that everything but purchases may use.
_READS = 0.6


@contextmanager
def paced(client: SupplierClient, *, is_purchase: bool = False) -> Iterator[None]:
    """Let every request to this supplier within the block, on this thread, wait for its turn.

    A request that would have to wait too long raises OutOfTurn and is not sent.
    """
    key = f"supplier:{_account(client)}"
    bucket = _bucket(client, is_purchase)
    patience = _PATIENCE["purchase" if is_purchase else "read"]

    def wait() -> None:
        ends_at = time.monotonic() + patience
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


def _bucket(client: SupplierClient, is_purchase: bool) -> Bucket:
    limits = client.limits
    burst = limits.burst if is_purchase else max(1, int(limits.burst * _READS))
    return Bucket("SUPPLIER", per_minute=max(1, int(limits.requests_per_second * 60)), burst=burst)
