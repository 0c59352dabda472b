"""Writing down what happened, in the transaction in which it happens.

So nothing is told that did not commit, and nothing that committed goes untold.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from nexotp.lib.db import PreparedRead
from nexotp.lib.http import timestamp
from webhooks.models import Delivery, Endpoint, Event, new_event_id
from webhooks.states import ALL_EVENTS, EndpointState, EventType
from webhooks.waking import wake_on_commit


def emit(
    event_type: EventType,
    *,
    user_id: int,
    mode: str,
    data: Callable[[], dict[str, Any]],
    trade_bodies: Callable[[], list[dict[str, Any]]] = list,
    now: datetime,
) -> None:
    """Tell the account's endpoints that want to know; what to tell is asked for only if one does.

    `data` is for our own form; `trade_bodies` are whole bodies in SMS-Activate's, one a message.
    """
    assert transaction.get_connection().in_atomic_block, "the event belongs to what it tells of"
    wanting = [endpoint for (endpoint,) in _WANTING.all((user_id, mode, event_type.value))]
    about: dict[str, Any] = {"user_id": user_id, "mode": mode, "now": now}
    if ours := [endpoint for endpoint in wanting if not endpoint.speaks_trade]:
        queue_event(event_type, endpoints=ours, data=data(), **about)
    if trades := [endpoint for endpoint in wanting if endpoint.speaks_trade]:
        for body in trade_bodies():
            _queue(event_type, new_event_id(), body, endpoints=trades, **about)


# Asked on every change of every order, mostly for accounts that have none.
_WANTING = PreparedRead(
    "SELECT {0} FROM webhooks_endpoint endpoint WHERE endpoint.user_id = %s AND endpoint.mode = %s"
    f" AND endpoint.state IN ('{EndpointState.ACTIVE}', '{EndpointState.PAUSED}')"
    f" AND (%s = ANY(endpoint.events) OR '{ALL_EVENTS}' = ANY(endpoint.events))",
    endpoint=Endpoint,
)


def queue_event(
    event_type: EventType,
    *,
    endpoints: Iterable[Endpoint],
    user_id: int,
    mode: str,
    data: dict[str, Any],
    now: datetime,
) -> list[Delivery]:
    """Store an event in our own form, and queue it for each endpoint."""
    event_id = new_event_id()
    body = {
        "id": event_id,
        "type": event_type.value,
        "createdAt": timestamp(now),
        "mode": mode,
        "data": data,
    }
    return _queue(
        event_type, event_id, body, endpoints=endpoints, user_id=user_id, mode=mode, now=now
    )


def queue_body(
    event_type: EventType, body: dict[str, Any], *, endpoint: Endpoint, now: datetime
) -> Delivery:
    """Store an event whose whole body this is, and queue it for one endpoint."""
    [delivery] = _queue(
        event_type,
        new_event_id(),
        body,
        endpoints=[endpoint],
        user_id=endpoint.user_id,
        mode=endpoint.mode,
        now=now,
    )
    return delivery


def _queue(
    event_type: EventType,
    event_id: str,
    body: dict[str, Any],
    *,
    endpoints: Iterable[Endpoint],
    user_id: int,
    mode: str,
    now: datetime,
) -> list[Delivery]:
    """Store an event with its payload as it will be sent, and queue it for each endpoint."""
    event = Event.objects.create(
        public_id=event_id,
        user_id=user_id,
        mode=mode,
        type=event_type,
        payload=orjson.dumps(body),
        created_at=now,
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(event=event, endpoint=endpoint, next_attempt_at=now, created_at=now)
        for endpoint in endpoints
    )
    wake_on_commit()
    return deliveries
