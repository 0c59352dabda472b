"""What must always hold is held by the database, whoever writes."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from webhooks import models as rows
from webhooks.actions import send_test
from webhooks.models import Delivery, Endpoint, Event, Secret

pytestmark = pytest.mark.usefixtures("committed")

# Changes that the named constraint refuses.
BREAKS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "webhooks_endpoint_state_known": (Endpoint, {"state": "lost"}),
    "webhooks_endpoint_mode_known": (Endpoint, {"mode": "other"}),
    "webhooks_endpoint_wants_events": (Endpoint, {"events": []}),
    "webhooks_trade_form_is_of_codes": (Endpoint, {"payload_format": "smsactivate"}),
    "webhooks_disabled_has_reason": (Endpoint, {"state": "disabled"}),
    "webhooks_event_type_known": (Event, {"type": "order.lost"}),
    "webhooks_event_mode_known": (Event, {"mode": "other"}),
    "webhooks_delivery_state_known": (Delivery, {"state": "lost", "next_attempt_at": None}),
    "webhooks_queued_has_its_time": (Delivery, {"next_attempt_at": None}),
    "webhooks_only_queued_is_leased": (
        Delivery,
        {"state": "failed", "next_attempt_at": None, "lease_until": timezone.now()},
    ),
}
WITH_TESTS_BELOW = {"webhooks_one_current_secret", "webhooks_delivered_once"}


def broken_by(change: Any) -> str | None:
    with pytest.raises(IntegrityError) as refused:
        change()
    name: str | None = refused.value.__cause__.diag.constraint_name  # type: ignore[union-attr]
    return name


@pytest.mark.parametrize("name", BREAKS)
def test_a_constraint(endpoint: Endpoint, name: str) -> None:
    send_test(endpoint, now=timezone.now())
    model, changes = BREAKS[name]

    assert broken_by(lambda: model.objects.update(**changes)) == name


def test_an_event_is_queued_once_for_an_endpoint(endpoint: Endpoint) -> None:
    delivery = send_test(endpoint, now=timezone.now())

    again = Delivery(
        event=delivery.event,
        endpoint=endpoint,
        next_attempt_at=timezone.now(),
        created_at=timezone.now(),
    )

    assert broken_by(again.save) == "webhooks_delivered_once"


def test_there_is_one_current_secret(endpoint: Endpoint) -> None:
    second = Secret(endpoint=endpoint, encrypted=b"x")

    assert broken_by(second.save) == "webhooks_one_current_secret"


def test_every_constraint_has_its_test() -> None:
    models = [rows.Endpoint, rows.Secret, rows.Event, rows.Delivery, rows.DeliveryAttempt]
    names = {each.name for model in models for each in model._meta.constraints}

    assert len(names) >= 11
    assert names == set(BREAKS) | WITH_TESTS_BELOW
