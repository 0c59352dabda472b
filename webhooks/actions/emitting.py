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
    now: datetime,
) -> None:
    """Tell the account's endpoints that want to know; `data` is asked for only if one does."""
    assert transaction.get_connection().in_atomic_block, "the event belongs to what it tells of"
    wanting = _WANTING.all((user_id, mode, event_type.value))
    if wanting:
        queue_event(
            event_type,
            endpoints=[endpoint for (endpoint,) in wanting],
            user_id=user_id,
            mode=mode,
            data=data(),
            now=now,
        )


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
    """Store an event with its payload as it will be sent, and queue it for each endpoint."""
    event_id = new_event_id()
    body = {
        "id": event_id,
        "type": event_type.value,
        "createdAt": timestamp(now),
        "mode": mode,
        "data": data,
    }
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
