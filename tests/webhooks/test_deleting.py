"""A deleted webhook keeps no secret and no queue, whatever else is done with it at that moment."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.catalog.waiting import until_somebody_waits
from tests.together import all_at_once, kinds
from tests.webhooks.conftest import MakeEndpoint, deliver
from webhooks import actions
from webhooks.models import Delivery, Endpoint, Secret
from webhooks.states import DeliveryState

pytestmark = pytest.mark.usefixtures("committed")

ACTS = ["rotate", "test", "redeliver", "redeliver_range"]


def act_on(endpoint: Endpoint, what: str) -> Callable[[], Any]:
    now = timezone.now()
    past = Delivery.objects.get(endpoint=endpoint)
    span = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    acts: dict[str, Callable[[], Any]] = {
        "rotate": partial(actions.rotate_secret, endpoint, now=now),
        "test": partial(actions.send_test, endpoint, now=now),
        "redeliver": partial(actions.redeliver, past, now=now),
        "redeliver_range": partial(
            actions.redeliver_range, endpoint, **span, only_failed=False, now=now
        ),
    }
    return acts[what]


@pytest.fixture
def used(make_endpoint: MakeEndpoint) -> Endpoint:
    """A webhook that has had an event."""
    endpoint = make_endpoint()
    actions.send_test(endpoint, now=timezone.now())
    deliver()
    return endpoint


def left_behind() -> tuple[int, int]:
    """How many secrets and queued deliveries there are, of all webhooks."""
    queued = Delivery.objects.filter(state=DeliveryState.QUEUED)
    return Secret.objects.count(), queued.count()


@pytest.mark.parametrize("what", ACTS)
def test_whoever_waited_for_the_delete_finds_none(used: Endpoint, what: str) -> None:
    act = act_on(used, what)
    outcomes: list[object] = []

    def try_to_act() -> None:
        try:
            outcomes.append(act())
        except actions.WebhookNotFound as refused:
            outcomes.append(refused)
        finally:
            connection.close()

    late = threading.Thread(target=try_to_act)
    with transaction.atomic():
        actions.delete_endpoint(used)
        late.start()
        until_somebody_waits()
    late.join()

    assert kinds(outcomes) == {"WebhookNotFound": 1}
    assert left_behind() == (0, 0)


@pytest.mark.parametrize("what", ACTS)
def test_what_was_faster_than_the_delete_goes_with_it(used: Endpoint, what: str) -> None:
    act = act_on(used, what)

    def delete() -> None:
        actions.delete_endpoint(used)
        connection.close()

    late = threading.Thread(target=delete)
    with transaction.atomic():
        act()
        late.start()
        until_somebody_waits()
    late.join()

    assert left_behind() == (0, 0)


@pytest.mark.parametrize("round", range(3))
def test_all_of_it_at_once(used: Endpoint, round: int) -> None:
    acts = [act_on(used, what) for what in ACTS] * 2
    acts.insert(round * 3, partial(actions.delete_endpoint, used))

    outcomes = all_at_once(lambda number: acts[number](), count=len(acts))

    errors = [each for each in outcomes if isinstance(each, Exception)]
    assert set(kinds(errors)) <= {"WebhookNotFound"}
    assert left_behind() == (0, 0)


def test_one_that_is_gone_altogether(used: Endpoint) -> None:
    act = act_on(used, "rotate")
    used.delete()

    with pytest.raises(actions.WebhookNotFound):
        act()
